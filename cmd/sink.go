package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// The ports that users of such tools know.
const (
	defaultSMTPAddr = "127.0.0.1:1025"
	defaultHTTPAddr = "127.0.0.1:8025"
)

// sinkFlags say where a sink listens and what it keeps.
type sinkFlags struct {
	auditFlags

	smtp, smtps, lmtp, http string

	data        string
	durability  string
	maxMessages int
	maxAge      time.Duration
	maxBytes    size
	maxSize     size
}

func newSink(env *Env) *cobra.Command {
	f := &sinkFlags{auditFlags: auditFlags{scope: checks.Message}}
	c := &cobra.Command{
		Use:   "sink",
		Short: "Receive mail over SMTP, score it and show it; deliver nothing",
		Long: `Receive mail over SMTP, score each message as it comes, show it on a page and
over an API, and deliver nothing.

Point the application under test at the SMTP address, and a browser at the page.
It ends with Ctrl-C.`,
		Example: `  postmuster sink
  postmuster sink --data ./mail --max-age 168h
  swaks --server 127.0.0.1:1025 --from a@example.com --to b@example.net`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSink(cmd.Context(), env, f)
		},
	}
	f.register(c)
	return c
}

func (f *sinkFlags) register(c *cobra.Command) {
	f.auditFlags.register(c)
	flags := c.Flags()
	flags.StringVar(&f.smtp, "smtp", defaultSMTPAddr, "receive mail on this `address`, host:port or unix:PATH; port 0 picks a free one, off is none")
	flags.StringVar(&f.smtps, "smtps", "", "receive mail with TLS from the first byte on this `address`")
	flags.StringVar(&f.lmtp, "lmtp", "", "receive mail over LMTP on this `address`")
	flags.StringVar(&f.http, "http", defaultHTTPAddr, "show the page and the API on this `address`; off is none")
	flags.StringVar(&f.data, "data", "", "keep the mail in this `directory` (default: in memory)")
	flags.StringVar(&f.durability, "durability", "", "what a message that was answered 250 survives: durable (a power failure), disk (a kill), memory (default: durable with --data)")
	fixedCompletion(c, "durability", []string{string(store.Durable), string(store.Disk), string(store.Memory)})
	flags.IntVar(&f.maxMessages, "max-messages", 0, "keep the newest `n` messages (default: all)")
	flags.DurationVar(&f.maxAge, "max-age", 0, "keep messages for this `time` (default: for ever)")
	flags.Var(&f.maxBytes, "max-bytes", "keep the newest messages up to this `size` together, 500MB (default: 256 MB in memory, no limit with --data)")
	flags.Var(&f.maxSize, "max-size", "refuse a message above this `size` (default 50MB)")
}

func runSink(ctx context.Context, env *Env, f *sinkFlags) error {
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
	_, err = f.write(env, true, func(w report.Writer) (int, error) {
		return exitMet, serveSink(ctx, env, f.config(env, auditor, w.Write))
	})
	return errors.Join(err, network.close(&f.net))
}

// config returns what the flags say of the sink.
func (f *sinkFlags) config(env *Env, a *audit.Auditor, write func(*report.Report) error) sink.Config {
	c := sinkConfig(env, a, write)
	c.SMTP, c.SMTPS, c.LMTP, c.HTTP = addrOf(f.smtp), addrOf(f.smtps), addrOf(f.lmtp), addrOf(f.http)
	c.Store = store.Config{
		Dir: f.data, Durability: store.Durability(f.durability),
		MaxMessages: f.maxMessages, MaxAge: f.maxAge, MaxBytes: int64(f.maxBytes),
	}
	c.MaxMessageBytes = int64(f.maxSize)
	return c
}

// addrOf returns the address that a flag names: none if it is off.
func addrOf(flag string) string {
	if flag == "off" {
		return ""
	}
	return flag
}

// sinkConfig returns the configuration of a sink in this environment that
// listens nowhere yet and keeps what it receives in memory.
func sinkConfig(env *Env, a *audit.Auditor, write func(*report.Report) error) sink.Config {
	return sink.Config{
		Score:  func(ctx context.Context, m *message.Message) *report.Report { return a.Message(ctx, m, "") },
		Report: write, Version: version(), Hostname: env.Hostname, Now: env.Now,
		Logger: slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// serveSink receives until ctx ends.
func serveSink(ctx context.Context, env *Env, c sink.Config) error {
	s, err := sink.Open(ctx, c)
	if err != nil {
		return explainSink(err)
	}
	greet(env, s)
	sum, err := s.Run(ctx)
	if err == nil {
		fmt.Fprintf(env.Err, "postmuster sink: %s\n", sumUp(sum))
	}
	return err
}
