package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/smtp"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// peerName is the server that the others are compared with.
const peerName = "smtp-sink"

// A server is something that takes mail.
type server struct {
	name   string
	addr   string
	slower int // so many times fewer messages are sent to it
	settle func(context.Context) error
	stop   func()
}

func settled(context.Context) error { return nil }

// startAll starts all servers that are compared. What it returns to stop them
// is to be called after an error too.
func (b *bench) startAll(ctx context.Context) (servers []server, stop func(), err error) {
	stop = func() {
		for _, s := range servers {
			s.stop()
		}
	}
	starts := []func() (server, error){
		func() (server, error) { return startHandler(ctx, "server", discard{}, func() {}) },
		func() (server, error) { return startStore(ctx, filepath.Join(b.dir, "store")) },
		func() (server, error) {
			p, err := b.startSink(ctx, "compare")
			if err != nil {
				return server{}, err
			}
			return server{"sink", p.ports.SMTP, 1, p.scored, p.stop}, nil
		},
		func() (server, error) { return startPeer(ctx) },
	}
	if b.o.maildev != "" {
		starts = append(starts, func() (server, error) { return startMaildev(ctx, b.o.maildev) })
	}
	for _, start := range starts {
		s, err := start()
		if err != nil {
			return servers, stop, err
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

// discard is the handler measured when there is no store.
type discard struct{}

func (discard) Receive(context.Context, *message.Message) error { return nil }

func startHandler(ctx context.Context, name string, h smtp.Handler, stop func()) (server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return server{}, err
	}
	s := smtp.New(smtp.Config{Handler: h, Domain: "sink.example.com", Now: time.Now, Logger: slog.Default()})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return server{name, l.Addr().String(), 1, settled, func() { cancel(); <-ended; stop() }}, nil
}

func startStore(ctx context.Context, dir string) (server, error) {
	kept, err := store.Open(store.Config{Dir: dir, Now: time.Now, Logger: slog.Default()})
	if err != nil {
		return server{}, err
	}
	s, err := startHandler(ctx, "store", kept, func() { kept.Close() })
	s.settle = func(ctx context.Context) error {
		stats, err := kept.Stats(ctx)
		if err != nil {
			return err
		}
		return kept.WaitSeq(ctx, stats.Seq)
	}
	return s, err
}

func startPeer(ctx context.Context) (server, error) {
	program, err := debian("smtp-sink")
	if err != nil {
		return server{}, fmt.Errorf("smtp-sink (Debian's postfix): %w", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return server{}, err
	}
	args := []string{addr, "1000"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it insists
	}
	s, err := startProgram(ctx, addr, exec.CommandContext(ctx, program, args...))
	s.name, s.slower = peerName, 1
	if err != nil {
		err = fmt.Errorf("smtp-sink (Debian's postfix): %w", err)
	}
	return s, err
}

func startMaildev(ctx context.Context, program string) (server, error) {
	mail, err1 := freeAddr()
	web, err2 := freeAddr()
	if err := errors.Join(err1, err2); err != nil {
		return server{}, err
	}
	_, mailPort, _ := net.SplitHostPort(mail)
	_, webPort, _ := net.SplitHostPort(web)
	cmd := exec.CommandContext(ctx, program, "--ip", "127.0.0.1", "--smtp", mailPort, "--web-ip", "127.0.0.1", "--web", webPort, "--silent")
	s, err := startProgram(ctx, mail, cmd)
	s.name, s.slower = "maildev", 10
	return s, err
}

// startProgram starts a program and waits until it accepts connections.
func startProgram(ctx context.Context, addr string, cmd *exec.Cmd) (server, error) {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return server{}, err
	}
	stop := func() { cmd.Process.Kill(); cmd.Wait() }
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return server{addr: addr, settle: settled, stop: stop}, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	stop()
	return server{}, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), errNotReady)
}

// freeAddr returns an address that nothing listens at.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
