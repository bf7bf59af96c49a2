package wire

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/http"
	"net/rpc"
)

// remoteReader asks the other end for so many bytes before it reads them, so that only what is wanted is sent.
type remoteReader struct{ conn io.ReadWriteCloser }

func (r *remoteReader) Read(buffer []byte) (int, error) {
	if _, err := r.conn.Write(binary.AppendVarint(nil, int64(len(buffer)))); err != nil {
		return 0, err
	}
	return r.conn.Read(buffer)
}

func (r *remoteReader) Close() error { return r.conn.Close() }

// serveReader answers a remoteReader until the reader, or the connection, is at its end.
func serveReader(reader io.Reader, conn io.ReadWriteCloser) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	for {
		wanted, err := binary.ReadVarint(requests)
		if err != nil {
			return
		}
		if written, err := io.CopyN(conn, reader, wanted); err != nil || written < wanted {
			return
		}
	}
}

// responseServer lets the plugin write the response.
type responseServer struct{ w http.ResponseWriter }

func (s *responseServer) Header(_ struct{}, reply *http.Header) error {
	*reply = s.w.Header()
	return nil
}

// SyncHeader replaces the header by what the plugin has made of it.
func (s *responseServer) SyncHeader(header http.Header, _ *struct{}) error {
	own := s.w.Header()
	clear(own)
	for key, values := range header {
		own[key] = values
	}
	return nil
}

func (s *responseServer) Write(data []byte, _ *struct{}) error {
	_, err := s.w.Write(data)
	return err
}

func (s *responseServer) WriteHeader(status int, _ *struct{}) error {
	s.w.WriteHeader(status)
	return nil
}

// remoteResponse is the plugin's http.ResponseWriter.
type remoteResponse struct {
	client *rpc.Client
	header http.Header
}

func (w *remoteResponse) Header() http.Header {
	if w.header == nil && w.client.Call("Plugin.Header", struct{}{}, &w.header) != nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *remoteResponse) Write(data []byte) (int, error) {
	if err := w.client.Call("Plugin.SyncHeader", w.Header(), nil); err != nil {
		return 0, err
	}
	return len(data), w.client.Call("Plugin.Write", data, nil)
}

func (w *remoteResponse) WriteHeader(status int) {
	if w.client.Call("Plugin.SyncHeader", w.Header(), nil) == nil {
		_ = w.client.Call("Plugin.WriteHeader", status, nil)
	}
}
