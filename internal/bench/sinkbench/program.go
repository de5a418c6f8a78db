package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// zoneText answers what scoring asks about the messages that are sent, so that
// no question leaves this machine.
const zoneText = `
example.com. 3600 SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
example.com. 3600 MX 10 mx.example.com.
example.com. 3600 TXT "v=spf1 ip4:127.0.0.0/8 -all"
_dmarc.example.com. 3600 TXT "v=DMARC1; p=reject"
mx.example.com. 3600 A 192.0.2.1
example.net. 3600 SOA ns.example.net. hostmaster.example.net. 1 7200 3600 1209600 300
`

// build builds the program as users do.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "postmuster")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/postmuster/postmuster/cmd/postmuster")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
}

// A process is a running sink.
type process struct {
	cmd   *exec.Cmd
	ready time.Duration // from its start to its last port being open
	ports struct{ SMTP, HTTP string }
}

// startSink starts a sink whose messages are in a directory of that name.
func (b *bench) startSink(ctx context.Context, name string) (*process, error) {
	portFile := filepath.Join(b.dir, name+".ports")
	os.Remove(portFile)
	p := &process{cmd: exec.CommandContext(ctx, b.program, "sink", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0",
		"--data", filepath.Join(b.dir, name), "--resolver", b.resolver, "--no-blocklists", "--format", "ndjson", "--port-file", portFile)}
	log, err := os.Create(filepath.Join(b.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stderr = log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < 30*time.Second && ctx.Err() == nil {
		text, err := os.ReadFile(portFile)
		if err == nil {
			p.ready = time.Since(began)
			return p, json.Unmarshal(text, &p.ports)
		}
		time.Sleep(time.Millisecond)
	}
	p.stop()
	said, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("postmuster sink: %w\n%s", errNotReady, said)
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.cmd.Wait()
}

// scored waits until everything received was scored.
func (p *process) scored(ctx context.Context) error {
	for ctx.Err() == nil {
		left, err := p.metric(ctx, "postmuster_sink_unscored_messages")
		if err != nil || left == 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ctx.Err()
}

// metric reads one of the numbers that the sink tells of itself.
func (p *process) metric(ctx context.Context, name string) (float64, error) {
	body, err := p.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("/metrics does not tell %s", name)
}

func (p *process) get(ctx context.Context, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.ports.HTTP+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var b strings.Builder
	if err := response.Write(&b); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s", path, response.Status)
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return body, nil
}

// peakMB is the most memory that the process ever had.
func (p *process) peakMB() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
	return kb / 1024, err
}
