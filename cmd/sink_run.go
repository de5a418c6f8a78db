package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/client"
)

// A sinkRun is one run of the command.
type sinkRun struct {
	env      *Env
	flags    *sinkFlags
	net      *network
	expected *expectations // nil without --expect
	sink     *sink.Sink
}

// do opens the sink, and lets it run until ctx ends or the command does. It
// returns the exit code.
func (r *sinkRun) do(ctx context.Context, a *audit.Auditor, write func(*report.Report) error) (code int, err error) {
	config, err := r.flags.config(r.env, r.net, a, write)
	if err != nil {
		return 0, err
	}
	if r.sink, err = sink.Open(ctx, config); err != nil {
		return 0, explainSink(err)
	}
	// The sink outlives ctx: what the command sends while it ends is received,
	// and judging comes after.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var sum sink.Summary
	var sinkErr error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sum, sinkErr = r.sink.Run(running)
	}()
	code, err = r.serve(ctx, ended)
	stop()
	<-ended
	if err = errors.Join(err, sinkErr); err == nil {
		fmt.Fprintf(r.env.Err, "postmuster sink: %s\n", sumUp(sum))
	}
	return code, err
}

// serve tells where the sink is, waits for the end, and judges what came.
func (r *sinkRun) serve(ctx context.Context, ended <-chan struct{}) (code int, err error) {
	if r.expected != nil {
		if err := r.expected.check(ctx, r.client()); err != nil {
			return 0, err
		}
	}
	forget, err := r.announce()
	if err != nil {
		return 0, err
	}
	defer forget()
	if len(r.flags.command) == 0 {
		r.greet()
		select {
		case <-ctx.Done():
		case <-ended:
			return 0, nil // Run says why
		}
	} else if code, err = r.command(ctx); err != nil {
		return 0, err
	}
	if r.expected == nil {
		return code, nil
	}
	unmet, err := r.judge(context.WithoutCancel(ctx))
	if code == 0 && unmet > 0 {
		code = exitNotMet
	}
	return code, err
}

// announce writes the files that say where the sink is, and returns what
// removes the one that does not outlive it.
func (r *sinkRun) announce() (forget func(), err error) {
	if path := r.flags.writeCert; path != "" {
		text := r.sink.CertificatePEM()
		if text == nil {
			return nil, errors.New("--write-cert: the sink has no certificate: give it one with --starttls, --smtps or --cert")
		}
		if err := writeWhole(path, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
			return nil, fmt.Errorf("--write-cert: %w", err)
		}
	}
	path := r.flags.portFile
	if path == "" {
		return func() {}, nil
	}
	err = writeWhole(path, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(portFile{r.sink.Addrs(), r.sink.URL()})
	})
	if err != nil {
		return nil, fmt.Errorf("--port-file: %w", err)
	}
	return func() { os.Remove(path) }, nil
}

// A portFile is what --port-file holds.
type portFile struct {
	sink.Addrs
	URL string `json:"url,omitempty"`
}

// command runs the command that was given, and returns its exit code. Signals
// are the command's: the sink waits for what it makes of them.
func (r *sinkRun) command(ctx context.Context) (int, error) {
	args := r.flags.command
	c := exec.Command(args[0], args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = r.env.In, r.env.Out, r.env.Err
	c.Env = append(os.Environ(), r.environment()...)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if err := c.Start(); err != nil {
		return 0, fmt.Errorf("run %s: %w", args[0], cleanExec(err))
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	cancelled := ctx.Done()
	for {
		select {
		case err := <-ended:
			return codeOfCommand(err)
		case s := <-signals:
			if s != os.Interrupt || !r.env.atTerminal() { // a terminal has sent it to both of us
				c.Process.Signal(s)
			}
		case <-cancelled:
			cancelled = nil
			if context.Cause(ctx) == context.Canceled { // no signal, which would come above
				c.Process.Signal(syscall.SIGTERM)
			}
		}
	}
}

func cleanExec(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok { // whose operation is fork/exec
		return e.Err
	}
	return err
}

// codeOfCommand is a command's exit code; one that a signal ended has, as in a
// shell, 128 and the signal's number.
func codeOfCommand(err error) (int, error) {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// environment tells the command where the sink is.
func (r *sinkRun) environment() []string {
	a := r.sink.Addrs()
	var list []string
	set := func(name, value string) {
		if value != "" {
			list = append(list, name+"="+value)
		}
	}
	set("POSTMUSTER_SMTP", a.SMTP)
	set("POSTMUSTER_SMTPS", a.SMTPS)
	set("POSTMUSTER_LMTP", a.LMTP)
	set("POSTMUSTER_HTTP", a.HTTP)
	set("POSTMUSTER_URL", r.sink.URL())
	set("POSTMUSTER_TOKEN", r.token())
	if host, port, err := net.SplitHostPort(a.SMTP); err == nil {
		set("SMTP_HOST", host)
		set("SMTP_PORT", port)
	}
	return list
}

func (r *sinkRun) token() string {
	return r.flags.secret(r.env, r.flags.token, "POSTMUSTER_TOKEN")
}

// client asks the sink by its own API.
func (r *sinkRun) client() *client.Client {
	return &client.Client{URL: r.sink.URL(), Token: r.token(), HTTP: &http.Client{Transport: r.sink.Transport()}}
}

// judge says what was expected and did not come, and how much that is.
func (r *sinkRun) judge(ctx context.Context) (unmet int, err error) {
	began := r.env.Now()
	if r.expected.needScores() {
		if err := r.sink.AwaitScores(ctx, r.flags.timeout); err != nil {
			return 0, err
		}
	}
	var outcomes []api.Outcome
	if outcomes, err = r.expected.judge(ctx, r.client(), r.sink.Before()); err != nil {
		return 0, fmt.Errorf("--expect %s: %w", r.flags.expect, err)
	}
	unmet = r.expected.writeUnmet(r.env.Err, outcomes)
	fmt.Fprintf(r.env.Err, "postmuster sink: %d of %s met\n", len(outcomes)-unmet, count(len(outcomes), "expectation"))
	if r.flags.junit == "" {
		return unmet, nil
	}
	err = writeWhole(r.flags.junit, func(w io.Writer) error {
		return r.expected.writeJUnit(w, outcomes, began, r.env.Now().Sub(began))
	})
	if err != nil {
		err = fmt.Errorf("--junit: %w", err)
	}
	return unmet, err
}
