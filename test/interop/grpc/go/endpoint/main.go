// The ends of an endpoint in grpc-go, under mutual TLS with the files tls.crt, tls.key and ca.crt of DIRECTORY.
//
//	endpoint serve ADDRESS DIRECTORY PING AGE   grpc-go's test server with its health service; clients may ping every PING milliseconds, and
//	                                            connections live for about AGE. Prints its address, then a line for each connection and for what
//	                                            one of them has sent. A line on stdin is the status of the service "plugin"; "stop" ends it
//	endpoint call ADDRESS DIRECTORY             calls of all kinds, and a health watch, until the server has ended. Prints what happens
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2], os.Args[3], milliseconds(os.Args[4]), milliseconds(os.Args[5]))
	case "call":
		call(os.Args[2], os.Args[3])
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	return value
}

func identity(directory string) (tls.Certificate, *x509.CertPool) {
	file := func(name string) string { return filepath.Join(directory, name) }
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(file("ca.crt"))))
	return must(tls.LoadX509KeyPair(file("tls.crt"), file("tls.key"))), pool
}

// toldConn tells of what it receives.
type toldConn struct{ net.Conn }

func (conn toldConn) Read(into []byte) (int, error) {
	count, err := conn.Conn.Read(into)
	if count > 0 {
		fmt.Println("received")
	}
	return count, err
}

type toldListener struct{ net.Listener }

func (listener toldListener) Accept() (net.Conn, error) {
	conn, err := listener.Listener.Accept()
	if err == nil {
		fmt.Println("connection")
	}
	return toldConn{conn}, err
}

func milliseconds(text string) time.Duration {
	return time.Duration(must(strconv.Atoi(text))) * time.Millisecond
}

func serve(address, directory string, minTime, age time.Duration) {
	certificate, pool := identity(directory)
	listener := must(net.Listen("tcp", address))
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{certificate}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		})),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minTime}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: age}),
	)
	states := health.NewServer()
	states.SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, states)
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			if lines.Text() == "stop" {
				// A host's watch of the health lasts as long as it is let.
				time.AfterFunc(100*time.Millisecond, server.Stop)
				server.GracefulStop()
			} else {
				value := grpc_health_v1.HealthCheckResponse_ServingStatus_value[lines.Text()]
				states.SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_ServingStatus(value))
			}
		}
		server.Stop()
	}()
	fmt.Println("listening", listener.Addr())
	must(0, server.Serve(toldListener{listener}))
}

func call(address, directory string) {
	certificate, pool := identity(directory)
	host, _, _ := net.SplitHostPort(address)
	connection := must(grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{certificate}, RootCAs: pool, ServerName: host,
		})),
		// The shortest that grpc-go's clients can be set to.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second, PermitWithoutStream: true}),
	))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := testgrpc.NewTestServiceClient(connection)
	interop.DoLargeUnaryCall(ctx, client)
	interop.DoClientStreaming(ctx, client)
	interop.DoServerStreaming(ctx, client)
	interop.DoPingPong(ctx, client)
	interop.DoTimeoutOnSleepingServer(ctx, client)
	fmt.Println("ok calls")
	stream := must(client.FullDuplexCall(ctx))
	// The keep-alive's PING is due within this silence, and the connection ends when it is not answered.
	time.Sleep(11500 * time.Millisecond)
	fmt.Println("ok silence", connection.GetState())
	go watch(ctx, connection)
	results := make(chan error)
	for range 8 {
		go func() {
			for {
				if _, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{ResponseSize: 300_000}); err != nil {
					results <- err
					return
				}
			}
		}()
	}
	_, err := stream.Recv()
	fmt.Println("stream", status.Code(err), status.Convert(err).Message())
	for range 8 {
		fmt.Println("call", status.Code(<-results))
	}
}

func watch(ctx context.Context, connection *grpc.ClientConn) {
	states := must(grpc_health_v1.NewHealthClient(connection).Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "plugin"}))
	for {
		state, err := states.Recv()
		if err != nil {
			return
		}
		fmt.Println("health", state.GetStatus())
	}
}
