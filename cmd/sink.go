package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// defaultSMTPAddr is the port that users of such tools know.
const defaultSMTPAddr = "127.0.0.1:1025"

func newSink(env *Env) *cobra.Command {
	f := auditFlags{scope: checks.Message}
	var addr string
	c := &cobra.Command{
		Use:   "sink",
		Short: "Receive mail over SMTP and score it; deliver nothing",
		Long: `Receive mail over SMTP, score each message as it comes, and deliver nothing.

Point the application under test at the address. It ends with Ctrl-C.`,
		Example: `  postmuster sink
  postmuster sink --smtp 127.0.0.1:2525 --format ndjson
  swaks --server 127.0.0.1:1025 --from a@example.com --to b@example.net`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSink(cmd.Context(), env, &f, addr)
		},
	}
	f.register(c)
	c.Flags().StringVar(&addr, "smtp", defaultSMTPAddr, "listen for SMTP on this `address`")
	return c
}

func runSink(ctx context.Context, env *Env, f *auditFlags, addr string) error {
	if err := f.check(env.Suite); err != nil {
		return err
	}
	network, err := f.net.open(env)
	if err != nil {
		return err
	}
	if err := network.reachable(ctx, &f.net); err != nil {
		return err
	}
	auditor, err := f.auditor(env, network)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--smtp %s: %w", addr, err)
	}
	fmt.Fprintf(env.Err, "postmuster sink: SMTP on %s; nothing is delivered, Ctrl-C ends\n", listener.Addr())
	_, err = f.write(env, true, func(w report.Writer) (int, error) {
		left, err := serveSink(ctx, env, auditor, listener, w)
		if left > 0 {
			fmt.Fprintf(env.Err, "postmuster sink: %d messages were received and not scored\n", left)
		}
		return exitMet, err
	})
	return errors.Join(err, network.close(&f.net))
}

// serveSink receives until ctx ends, and writes the reports. It returns how many
// messages were not scored.
func serveSink(ctx context.Context, env *Env, a *audit.Auditor, l net.Listener, w report.Writer) (left int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	score := func(ctx context.Context, m *message.Message) *report.Report { return a.Message(ctx, m, "") }
	kept, scorer, err := openSink(env, score, w.Write)
	if err != nil {
		return 0, errors.Join(err, l.Close())
	}
	served := make(chan error, 1)
	go func() {
		served <- newSinkServer(env, kept, nil).Serve(ctx, l)
		cancel()
	}()
	left, err = scorer.Run(ctx)
	cancel()
	return left, errors.Join(err, <-served, kept.Close())
}

// openSink opens a store in memory, and a scorer for what it receives.
func openSink(env *Env, score func(context.Context, *message.Message) *report.Report, write func(*report.Report) error) (*store.Store, *sink.Scorer, error) {
	kept, err := store.Open(store.Config{Now: env.Now, Logger: sinkLogger(env)})
	if err != nil {
		return nil, nil, err
	}
	return kept, &sink.Scorer{Store: kept, Score: score, Report: write, Logger: sinkLogger(env)}, nil
}

func sinkLogger(env *Env) *slog.Logger {
	return slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func newSinkServer(env *Env, handler sinksmtp.Handler, tlsConfig *tls.Config) *sinksmtp.Server {
	return sinksmtp.New(sinksmtp.Config{
		Handler: handler, Domain: env.Hostname, Now: env.Now, TLS: tlsConfig, Auth: true,
		Logger: sinkLogger(env),
	})
}
