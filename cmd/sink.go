package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// The ports that users of such tools know.
const (
	defaultSMTPAddr = "127.0.0.1:1025"
	defaultHTTPAddr = "127.0.0.1:8025"
)

// freeAddr is an address of this machine on a port that nobody uses.
const freeAddr = "127.0.0.1:0"

// sinkFlags say where a sink listens, what it keeps, and what it is for.
type sinkFlags struct {
	auditFlags

	smtp, smtps, lmtp, http string

	startTLS  bool
	cert, key string
	writeCert string
	auth      string
	proxyFrom []string
	xClient   []string
	httpTLS   bool
	token     string
	readToken string
	insecure  bool
	hosts     []string
	origins   []string
	prefix    string

	data        string
	durability  string
	maxMessages int
	maxAge      age
	maxBytes    size
	maxSize     size

	spamd, rspamd string
	faults        string
	tags          []string
	allowImages   bool
	checkLinks    bool
	relays        []string
	webhooks      []string
	webhookSecret string

	portFile string
	expect   string
	junit    string

	command   []string // to run beside the sink; none: until Ctrl-C
	variables []string // the flags that the environment gave
}

func newSink(env *Env) *cobra.Command {
	f := &sinkFlags{auditFlags: auditFlags{scope: checks.Message}}
	c := &cobra.Command{
		Use:   "sink [flags] [-- COMMAND...]",
		Short: "Receive mail over SMTP, score it and show it; deliver nothing",
		Long: `Receive mail over SMTP, score each message as it comes, show it on a page and
over an API, and deliver nothing.

Point the application under test at the SMTP address, and a browser at the page.
It ends with Ctrl-C.

With a command behind --, the sink runs while the command does, on free ports
unless --smtp and --http name others, and ends with the command's exit code. The
command finds the sink by its environment: POSTMUSTER_SMTP and POSTMUSTER_HTTP
(host:port), POSTMUSTER_URL, SMTP_HOST and SMTP_PORT. With --expect, what was
received is judged at the end: exit code 1 when it is not what was expected.

A flag that is not given is read from the environment, --max-age from
POSTMUSTER_SINK_MAX_AGE; for a repeatable flag each line is one value. The token
may be POSTMUSTER_TOKEN, too, as it is for postmuster wait; the one that reads
POSTMUSTER_READ_TOKEN, the secret of the webhooks POSTMUSTER_WEBHOOK_SECRET.`,
		Example: `  postmuster sink
  postmuster sink --data ./mail --max-age 7d
  postmuster sink --tag 'receipts=subject:receipt' --tag 'team a=to:a@example.net'
  postmuster sink --expect mail.yaml -- go test ./...
  swaks --server 127.0.0.1:1025 --from a@example.com --to b@example.net`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.takeCommand(cmd, args); err != nil {
				return err
			}
			return sayVariables(runSink(cmd.Context(), env, f), f.variables)
		},
	}
	f.register(c)
	c.PreRunE = func(cmd *cobra.Command, args []string) (err error) {
		if f.variables, err = fromEnvironment(cmd.Flags(), env.Getenv); err != nil {
			return err
		}
		return sayVariables(f.net.readReplay(cmd, args), f.variables)
	}
	return c
}

func (f *sinkFlags) register(c *cobra.Command) {
	f.auditFlags.register(c)
	flags := c.Flags()
	flags.StringVar(&f.smtp, "smtp", defaultSMTPAddr, "receive mail on this `address`, host:port or unix:PATH; port 0 picks a free one, off is none")
	flags.StringVar(&f.smtps, "smtps", "", "receive mail with TLS from the first byte on this `address`")
	flags.StringVar(&f.lmtp, "lmtp", "", "receive mail over LMTP on this `address`")
	flags.StringVar(&f.http, "http", defaultHTTPAddr, "show the page and the API on this `address`; off is none")

	flags.BoolVar(&f.startTLS, "starttls", false, "offer STARTTLS; without --cert with a certificate that is made at start, which clients that verify refuse")
	flags.StringVar(&f.cert, "cert", "", "the certificate `file` (PEM) for TLS; STARTTLS is then offered")
	flags.StringVar(&f.key, "key", "", "the `file` (PEM) of its private key (default: in the file of --cert)")
	flags.StringVar(&f.writeCert, "write-cert", "", "write the certificate to this `file`, for clients that are to trust it")
	flags.StringVar(&f.auth, "auth", "any", "AUTH: any takes all credentials, off offers none")
	fixedCompletion(c, "auth", []string{"any", "off"})
	flags.StringSliceVar(&f.proxyFrom, "proxy-from", nil, "load balancers at this `address` or network begin each connection with a PROXY header, which is believed (repeatable)")
	flags.StringSliceVar(&f.xClient, "xclient-from", nil, "clients at this `address` or network may say with XCLIENT whom they speak for (repeatable)")
	flags.BoolVar(&f.httpTLS, "http-tls", false, "show page and API over TLS")
	flags.StringVar(&f.token, "token", "", "ask everybody on page and API for this `token`; needed on an address that others reach")
	flags.StringVar(&f.readToken, "read-token", "", "a second `token`, for those who may read and change nothing")
	flags.BoolVar(&f.insecure, "insecure", false, "let everybody who reaches the sink read its mail")
	flags.StringSliceVar(&f.origins, "allow-origin", nil, "an `origin` whose pages may ask the API, such as http://localhost:3000 (repeatable)")
	flags.StringVar(&f.prefix, "http-prefix", "", "the `path` below which a reverse proxy serves page and API, such as /mail; the proxy may keep it or take it away")
	flags.StringSliceVar(&f.hosts, "host", nil, "a `name` under which the page is reached, beside localhost (repeatable)")

	flags.StringVar(&f.data, "data", "", "keep the mail in this `directory` (default: in memory)")
	flags.StringVar(&f.durability, "durability", "", "what a message that was answered 250 survives: durable (a power failure), disk (a kill), memory (default: durable with --data)")
	fixedCompletion(c, "durability", durabilities)
	flags.IntVar(&f.maxMessages, "max-messages", 0, "keep the newest `n` messages (default: all)")
	flags.Var(&f.maxAge, "max-age", "keep messages for this `time`, such as 12h or 7d (default: for ever)")
	flags.Var(&f.maxBytes, "max-bytes", "keep the newest messages up to this `size` together (default: 256MB in memory, no limit with --data)")
	flags.Var(&f.maxSize, "max-size", "refuse a message above this `size` (default: 50MB)")

	flags.StringVar(&f.spamd, "spamd", "", "ask SpamAssassin at this `address`, host[:port] or unix:PATH, for its opinion, which does not count")
	flags.StringVar(&f.rspamd, "rspamd", "", "ask Rspamd at this `address`, host[:port] or URL, for its opinion, which does not count")
	flags.StringVar(&f.faults, "faults", "", "make the faults on purpose that this YAML `file` says: greylisting, 421, dropped connections, slow lines; postmuster help faults shows how")
	flags.StringArrayVar(&f.tags, "tag", nil, "tag each new message that a search finds, `NAME=SEARCH`, such as 'shop=from:shop@example.com' (repeatable)")
	flags.BoolVar(&f.allowImages, "allow-images", false, "let a reader of the page ask for a message's remote images")
	flags.BoolVar(&f.checkLinks, "check-links", false, "let a reader of the page and clients of the API ask where a message's links lead, on the public internet")
	flags.StringSliceVar(&f.relays, "relay-to", nil, "messages may be sent on to this server, `host:port` or smtp://USER:PASSWORD@host:port (repeatable)")
	flags.StringSliceVar(&f.webhooks, "webhook", nil, "tell this `URL` of messages (repeatable)")
	flags.StringVar(&f.webhookSecret, "webhook-secret", "", "sign what webhooks are told with this `secret`")

	flags.StringVar(&f.portFile, "port-file", "", "write the addresses to this `file` as JSON once the sink is ready")
	flags.StringVar(&f.expect, "expect", "", "judge at the end whether what this YAML `file` says has arrived")
	flags.StringVar(&f.junit, "junit", "", "write what came of --expect to this `file`, as JUnit's XML")
}

var durabilities = []string{string(store.Durable), string(store.Disk), string(store.Memory)}

// takeCommand takes what stands behind --. Its ports are free ones, so that
// several can run at a time.
func (f *sinkFlags) takeCommand(c *cobra.Command, args []string) error {
	dash := c.ArgsLenAtDash()
	switch {
	case len(args) > 0 && dash != 0:
		return fmt.Errorf("unknown argument %q; a command to run stands behind --", args[0])
	case dash == 0 && len(args) == 0:
		return errors.New("no command behind --")
	}
	f.command = args
	if len(args) == 0 {
		return nil
	}
	for _, flag := range []struct {
		name  string
		value *string
	}{{"smtp", &f.smtp}, {"http", &f.http}} {
		if !c.Flags().Changed(flag.name) {
			*flag.value = freeAddr
		}
	}
	return nil
}

// checkSink returns the first thing that is wrong with the flags of the sink alone.
func (f *sinkFlags) checkSink() error {
	switch {
	case f.durability != "" && !slices.Contains(durabilities, f.durability):
		return fmt.Errorf("--durability %q: there are %s", f.durability, strings.Join(durabilities, ", "))
	case f.data == "" && (f.durability == string(store.Durable) || f.durability == string(store.Disk)):
		return fmt.Errorf("--durability %s needs a directory: name one with --data", f.durability)
	case f.data != "" && f.durability == string(store.Memory):
		return errors.New("--durability memory keeps nothing in the directory of --data; leave one of them out")
	case f.auth != "any" && f.auth != "off":
		return fmt.Errorf("--auth %q: there are any, off", f.auth)
	case f.maxMessages < 0:
		return fmt.Errorf("--max-messages %d: it must be more than 0", f.maxMessages)
	case f.key != "" && f.cert == "":
		return errors.New("--key is the key of a certificate: name it with --cert")
	case f.junit != "" && f.expect == "":
		return errors.New("--junit writes what came of --expect, which is missing")
	case f.expect != "" && addrOf(f.http) == "":
		return errors.New("--expect needs the API: leave out --http off")
	case addrOf(f.smtp)+f.smtps+f.lmtp+addrOf(f.http) == "":
		return errors.New("everything is off: the sink would listen nowhere")
	}
	return nil
}

func runSink(ctx context.Context, env *Env, f *sinkFlags) (err error) {
	if err := errors.Join(f.check(env.Suite), f.checkSink()); err != nil {
		return err
	}
	run := &sinkRun{env: env, flags: f}
	if f.expect != "" {
		if run.expected, err = readExpectations(f.expect); err != nil {
			return err
		}
	}
	network, err := f.net.open(env)
	if err != nil {
		return err
	}
	if err := network.reachable(ctx, &f.net); err != nil {
		return err
	}
	run.net = network
	defer func() { err = errors.Join(err, network.close(&f.net)) }()
	auditor, err := f.auditor(env, network)
	if err != nil {
		return err
	}
	if len(f.command) > 0 && f.output == "" { // standard output is the command's
		return asError(run.do(ctx, auditor, nil))
	}
	return asError(f.write(env, true, func(w report.Writer) (int, error) { return run.do(ctx, auditor, w.Write) }))
}

// asError makes one of a code and an error.
func asError(code int, err error) error {
	if err == nil && code != exitMet {
		return exitCode(code)
	}
	return err
}
