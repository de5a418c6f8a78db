package peers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWithin = 20 * time.Second       // a busy machine starts a server slowly
	readyPoll   = 20 * time.Millisecond  // between two looks
	stopWithin  = 10 * time.Second       // before a process is killed
	patience    = 500 * time.Millisecond // for one look
)

// process is a running program that ends with the test. Its output is shown
// when the test fails.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	out  syncBuffer
}

func start(t testing.TB, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), p.out.String())
		}
	})
	return p
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// await waits until ready reports true, or fails the test.
func await(t testing.TB, what string, ended <-chan struct{}, ready func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	for !look(ctx, ready) {
		select {
		case <-ended:
			t.Fatalf("%s ended before it was ready", what)
		case <-ctx.Done():
			t.Fatalf("%s was not ready within %s", what, readyWithin)
		case <-time.After(readyPoll):
		}
	}
}

func look(ctx context.Context, ready func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return ready(ctx)
}

// FreePort returns a port of 127.0.0.1 that nothing listens on, over UDP nor TCP.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		l.Close()
		if err == nil {
			u.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// openDir makes a folder that a server which has dropped its rights can enter:
// those of testing are for the owner alone.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postmuster-peer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// needRoot skips a test whose server must change its user.
func needRoot(t testing.TB, program string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skipf("%s can only be started by root", program)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
