// Package model has the kinds of types that chat servers pass to their plugins: structs in structs, maps of interfaces, optional
// scalars, errors that are structs, lists of pointers in interfaces.
package model

import (
	"encoding/gob"
	"fmt"
	"sync"
)

func init() {
	gob.Register([]any{})
	gob.Register(map[string]any{})
	gob.Register([]*Attachment{})
	gob.Register(&AppError{})
	gob.Register(Reaction{})
}

// Context is of a request.
type Context struct{ SessionId, RequestId, IPAddress, UserAgent string }

// StringInterface is a map of anything.
type StringInterface map[string]any

// Image is of a link.
type Image struct {
	Width, Height int
	Format        string
}

// Reaction is an emoji of somebody.
type Reaction struct {
	UserId, EmojiName string
	CreateAt          int64
	RemoteId          *string
}

// EmbedType is a string of its own type.
type EmbedType string

// Embed is what a link shows.
type Embed struct {
	Type EmbedType
	URL  string
	Data any
}

// Priority has optional scalars only.
type Priority struct {
	Priority     *string
	RequestedAck *bool
}

// Metadata is what a post does not say itself.
type Metadata struct {
	Embeds    []*Embed
	Reactions []*Reaction
	Images    map[string]*Image
	Priority  *Priority
}

// Post is a message, with a lock that is not sent.
type Post struct {
	Id, UserId, ChannelId, RootId, Message string
	CreateAt, UpdateAt                     int64
	Props                                  StringInterface
	FileIds                                []string
	HasReactions                           bool
	IsFollowing                            *bool
	Metadata                               *Metadata
	lock                                   sync.RWMutex
}

// SetProp sets one property.
func (p *Post) SetProp(key string, value any) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.Props == nil {
		p.Props = StringInterface{}
	}
	p.Props[key] = value
}

// Field is of an attachment.
type Field struct {
	Title string
	Value any
	Short bool
}

// Attachment is shown with a message.
type Attachment struct {
	Id          int64
	Color, Text string
	Fields      []*Field
	Timestamp   any
}

// CommandArgs is a slash command.
type CommandArgs struct {
	UserId, Command string
	Mentions        map[string]string
}

// CommandResponse is its answer.
type CommandResponse struct {
	Text        string
	Props       StringInterface
	Attachments []*Attachment
	Extra       []*CommandResponse
}

// AppError is an error with fields; what it wraps is not sent.
type AppError struct {
	Id, Message, DetailedError, Where string
	StatusCode                        int
	wrapped                           error
}

func (e *AppError) Error() string {
	return fmt.Sprintf("%s: %s, %s", e.Where, e.Message, e.DetailedError)
}
