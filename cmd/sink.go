package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
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
		s := &scorer{auditor: auditor, writer: w}
		return exitMet, newSinkServer(env, s).Serve(ctx, listener)
	})
	if closeErr := network.close(&f.net); err == nil {
		err = closeErr
	}
	return err
}

func newSinkServer(env *Env, handler sinksmtp.Handler) *sinksmtp.Server {
	return sinksmtp.New(sinksmtp.Config{
		Handler: handler, Domain: env.Hostname, Now: env.Now, Auth: true,
		Logger: slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}

// scorer scores every message before it is acknowledged, and writes the report.
type scorer struct {
	auditor *audit.Auditor

	mu     sync.Mutex
	writer report.Writer
}

// Receive scores one message.
func (s *scorer) Receive(ctx context.Context, m *message.Message) error {
	r := s.auditor.Message(ctx, m, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writer.Write(r)
}
