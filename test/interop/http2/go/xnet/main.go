// golang.org/x/net/http2 as the peer of an HTTP/2 session, in clear over a unix socket.
//
//	xnet serve SOCKET    prints "listening", serves until its stdin ends
//	xnet call SOCKET     runs the checks below against the server that listens there, one line for each
//
// Paths that a server has to know: /echo gives the body back and a trailer "done: yes"; /bytes?n=N gives N bytes; /fail resets the
// stream after the response headers; /wait answers when the client has gone; /headers gives back the request's x-* fields.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "call":
		call(os.Args[2])
	}
}

func serve(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
		os.Exit(0)
	}()
	fmt.Println("listening")
	server := &http2.Server{}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go server.ServeConn(connection, &http2.ServeConnOpts{Handler: http.HandlerFunc(handle)})
	}
}

func handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		w.Header().Set("Trailer", "done")
		w.WriteHeader(200)
		_, _ = io.Copy(flusher{w}, r.Body)
		w.Header().Set("done", "yes")
	case "/bytes":
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		_, _ = io.CopyN(w, zeros{}, int64(n))
	case "/fail":
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "/wait":
		<-r.Context().Done()
	case "/headers":
		for name, values := range r.Header {
			if strings.HasPrefix(name, "X-") {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(200)
	}
}

type flusher struct{ http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func call(socket string) {
	transport := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
	client := &http.Client{Transport: transport}
	checks := []struct {
		name  string
		check func(*http.Client) error
	}{
		{"echo of nothing", echo(0)},
		{"echo of 100 B", echo(100)},
		{"echo of 10 MiB", echo(10 << 20)},
		{"1000 echoes, 100 at once", manyEchoes},
		{"64 MiB down", down(64 << 20)},
		{"reset", reset},
		{"cancel", cancel},
		{"headers that repeat and headers that do not", headers},
		{"headers of 30 KB over several frames", longHeaders},
		{"echo after all that", echo(1000)},
	}
	for _, one := range checks {
		if err := one.check(client); err != nil {
			fmt.Printf("FAIL %s: %v\n", one.name, err)
		} else {
			fmt.Printf("ok %s\n", one.name)
		}
	}
}

func echo(size int) func(*http.Client) error {
	return func(client *http.Client) error {
		body := bytes.Repeat([]byte{7}, size)
		response, err := client.Post("http://x/echo", "application/octet-stream", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		if !bytes.Equal(answer, body) {
			return fmt.Errorf("%d bytes came back", len(answer))
		}
		if response.Trailer.Get("done") != "yes" {
			return fmt.Errorf("trailer %v", response.Trailer)
		}
		return nil
	}
}

func manyEchoes(client *http.Client) error {
	var group sync.WaitGroup
	errs := make(chan error, 1000)
	for worker := 0; worker < 100; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 10; i++ {
				errs <- echo(worker * i * 10)(client)
			}
		}()
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func down(size int64) func(*http.Client) error {
	return func(client *http.Client) error {
		response, err := client.Get(fmt.Sprintf("http://x/bytes?n=%d", size))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		n, err := io.Copy(io.Discard, response.Body)
		if err == nil && n != size {
			err = fmt.Errorf("%d bytes came", n)
		}
		return err
	}
}

func reset(client *http.Client) error {
	response, err := client.Get("http://x/fail")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	var streamError http2.StreamError
	if !errors.As(err, &streamError) {
		return fmt.Errorf("no stream error but %v", err)
	}
	return nil
}

func cancel(client *http.Client) error {
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	request, _ := http.NewRequestWithContext(ctx, "GET", "http://x/wait", nil)
	_, err := client.Do(request)
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("not cancelled: %v", err)
	}
	return nil
}

func headers(client *http.Client) error {
	for i := 0; i < 200; i++ {
		request, _ := http.NewRequest("GET", "http://x/headers", nil)
		request.Header.Set("X-Same", strings.Repeat("same", 20))
		request.Header.Set("X-Unique", strings.Repeat(strconv.Itoa(i), 20))
		if err := expectHeaders(client, request); err != nil {
			return err
		}
	}
	return nil
}

func longHeaders(client *http.Client) error {
	request, _ := http.NewRequest("GET", "http://x/headers", nil)
	request.Header.Set("X-Long", strings.Repeat("long", 7500))
	return expectHeaders(client, request)
}

func expectHeaders(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for name := range request.Header {
		if response.Header.Get(name) != request.Header.Get(name) {
			return fmt.Errorf("%s is %.100q", name, response.Header.Get(name))
		}
	}
	return nil
}
