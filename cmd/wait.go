package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/client"
)

// The formats of wait.
var waitFormats = []string{"text", "json", "raw", "links", "codes"}

// connectPatience is how much longer than it was told to wait a sink may take
// to answer.
const connectPatience = 10 * time.Second

// waitFlags say which messages are waited for, and where.
type waitFlags struct {
	condition api.Condition
	span      api.Span
	count     int
	exact     int
	timeout   time.Duration
	settle    time.Duration

	ready                 bool // no message is waited for
	http, portFile, token string
	format                string
	asJSON                bool
}

func newWait(env *Env) *cobra.Command {
	f := &waitFlags{}
	c := &cobra.Command{
		Use:   "wait",
		Short: "Wait until a message has arrived in a running sink, and print it",
		Long: `Wait until a message has arrived in a running sink, and print it: the newest
that matches, or all of them with --count or --exact.

The sink is the one of --http or --port-file, or else the one that
POSTMUSTER_URL names, as it does for a command that postmuster sink runs, or else
the one at ` + defaultHTTPAddr + `.

With --ready no message is waited for, but that the sink itself is ready: after it
was started, or as the probe of a container. The file of --port-file may then be
one that is still to be written.

Exit codes: 0 it has arrived, 1 it has not (standard error says what did arrive,
and why that does not match), 3 no sink answers.`,
		Example: `  postmuster wait --to bob@example.net --subject Welcome --timeout 20s
  postmuster wait --to bob@example.net --format codes
  postmuster wait --ready --timeout 10s
  postmuster wait --query 'subject:invoice score:<80' --none --timeout 2s`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			if f.ready {
				return runReady(cmd.Context(), env, f)
			}
			return runWait(cmd.Context(), env, f)
		},
	}
	f.register(c)
	return c
}

func (f *waitFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.condition.To, "to", "", "a recipient, of the envelope or the header: an `address`, or a part of one")
	flags.StringVar(&f.condition.From, "from", "", "the sender, of the envelope or the header: an `address`, or a part of one")
	flags.StringVar(&f.condition.Subject, "subject", "", "`words` of the subject")
	flags.StringVar(&f.condition.Inbox, "inbox", "", "the `name` of an inbox")
	flags.StringVar(&f.condition.Query, "query", "", "a `search` as on the page: from: to: subject: has: before: larger: score: check: inbox:, text, - for not")
	flags.IntVar(&f.count, "count", 1, "wait for `n` messages at least")
	flags.IntVar(&f.exact, "exact", 0, "wait for exactly `n` messages")
	flags.BoolVar(&f.condition.None, "none", false, "wait the whole time, and see that no message arrives")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "the longest `time` to wait, at most 5m")
	flags.DurationVar(&f.settle, "settle", 0, "how long the condition has to go on holding, so that a message too many is seen")
	flags.Uint64Var(&f.span.AfterSeq, "after-seq", 0, "only messages behind this `number`, the seq of an earlier one")
	flags.BoolVar(&f.ready, "ready", false, "wait until the sink is ready, for no message")
	flags.StringVar(&f.http, "http", "", "the sink's `URL` or address (default: that of POSTMUSTER_URL, or "+defaultHTTPAddr+")")
	flags.StringVar(&f.portFile, "port-file", "", "the `file` that postmuster sink --port-file wrote")
	flags.StringVar(&f.token, "token", "", "the sink's `token` (default: POSTMUSTER_TOKEN)")
	addFormat(c, &f.format, &f.asJSON, waitFormats)
	c.MarkFlagsMutuallyExclusive("http", "port-file")
	c.MarkFlagsMutuallyExclusive("count", "exact", "none")
	for _, of := range []string{"to", "from", "subject", "inbox", "query", "count", "exact", "none", "settle", "after-seq", "format", "json"} {
		c.MarkFlagsMutuallyExclusive("ready", of)
	}
}

// several reports whether a list of messages was asked for.
func (f *waitFlags) several() bool { return f.condition.Min != nil || f.condition.Exact != nil }

func (f *waitFlags) check(c *cobra.Command) error {
	if f.asJSON {
		f.format = "json"
	}
	set := c.Flags().Changed
	switch {
	case !slices.Contains(waitFormats, f.format):
		return fmt.Errorf("--format %q: there are %s", f.format, strings.Join(waitFormats, ", "))
	case f.timeout < 0 || f.timeout > longestWait:
		return fmt.Errorf("--timeout %s: between 0s and %s", f.timeout, longestWait)
	case f.settle < 0 || f.settle > f.timeout:
		return fmt.Errorf("--settle %s: not longer than the timeout", f.settle)
	case set("count") && f.count < 1:
		return fmt.Errorf("--count %d: at least 1; --none waits for nothing", f.count)
	case set("exact") && f.exact < 0:
		return fmt.Errorf("--exact %d: at least 0", f.exact)
	}
	if set("count") {
		f.condition.Min = &f.count
	}
	if set("exact") {
		f.condition.Exact = &f.exact
	}
	f.span.Timeout, f.span.Settle = f.timeout.String(), f.settle.String()
	return nil
}

func runWait(ctx context.Context, env *Env, f *waitFlags) error {
	where, err := f.url(env)
	if err != nil {
		return err
	}
	c := f.client(env, where)
	outcome, err := c.Wait(ctx, f.condition, f.span)
	unmet, isUnmet := errors.AsType[*api.Unmet](err)
	refused, isRefused := errors.AsType[*client.StatusError](err)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(env.Err, "postmuster: interrupted")
		return exitCode(exitUndecided)
	case isUnmet:
		fmt.Fprintf(env.Err, "postmuster wait: %s, within %s: %s\n", client.Describe(f.condition), f.timeout, client.Explain(unmet.Outcomes[0]))
		return exitCode(exitNotMet)
	case isRefused && refused.Status == http.StatusUnprocessableEntity:
		return errors.New(refused.Detail)
	case isRefused && refused.Status == http.StatusUnauthorized:
		return fmt.Errorf("the sink at %s asks for its token: --token or POSTMUSTER_TOKEN", where)
	case err != nil:
		fmt.Fprintf(env.Err, "postmuster: no sink answers at %s: %v\n  start one with postmuster sink, or say where it is with --http or --port-file\n", where, reasonOf(err))
		return exitCode(exitUndecided)
	}
	return f.print(ctx, env.Out, c, outcome.Messages)
}

// client asks the sink at a URL.
func (f *waitFlags) client(env *Env, where string) *client.Client {
	return &client.Client{URL: where, Token: cmp.Or(f.token, env.Getenv("POSTMUSTER_TOKEN")), HTTP: &http.Client{
		Timeout: f.timeout + connectPatience, Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// reasonOf leaves out the address, which the reader is told anyway.
func reasonOf(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// url returns where the sink is.
func (f *waitFlags) url(env *Env) (string, error) {
	if f.portFile != "" {
		return readPortFile(f.portFile)
	}
	where := cmp.Or(f.http, env.Getenv("POSTMUSTER_URL"), env.Getenv("POSTMUSTER_HTTP"), defaultHTTPAddr)
	if !strings.Contains(where, "://") {
		where = "http://" + where
	}
	return where, nil
}

func readPortFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--port-file: %w; postmuster sink --port-file writes it when it is ready, and removes it when it ends", err)
	}
	var ports portFile
	if err := json.Unmarshal(text, &ports); err != nil {
		return "", fmt.Errorf("--port-file %s: %w", path, err)
	}
	if ports.URL == "" {
		return "", fmt.Errorf("--port-file %s: that sink has no API: it was started with --http off", path)
	}
	return ports.URL, nil
}

// print prints the newest message, or all if several were asked for.
func (f *waitFlags) print(ctx context.Context, out io.Writer, c *client.Client, found []api.Summary) error {
	if !f.several() && len(found) > 1 {
		found = found[len(found)-1:]
	}
	messages := []*api.Detail{}
	for i, m := range found {
		if f.format != "text" && f.format != "json" {
			if err := f.printPart(ctx, out, c, m.ID); err != nil {
				return err
			}
			continue
		}
		detail, err := c.Message(ctx, m.ID)
		if err != nil {
			return err
		}
		messages = append(messages, detail)
		if f.format == "text" {
			if i > 0 {
				fmt.Fprintln(out)
			}
			io.WriteString(out, messageText(detail))
		}
	}
	if f.format != "json" || f.condition.None {
		return nil
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if f.several() {
		return encoder.Encode(messages)
	}
	return encoder.Encode(messages[0])
}

// printPart prints what is asked for of a message, one a line, or its bytes.
func (f *waitFlags) printPart(ctx context.Context, out io.Writer, c *client.Client, id string) error {
	switch f.format {
	case "raw":
		raw, err := c.Raw(ctx, id)
		if err == nil {
			_, err = out.Write(raw)
		}
		return err
	case "links":
		links, err := c.Links(ctx, id)
		for _, l := range links {
			fmt.Fprintln(out, report.Printable(l.URL))
		}
		return err
	default:
		codes, err := c.Codes(ctx, id)
		for _, code := range codes {
			fmt.Fprintln(out, report.Printable(code.Code))
		}
		return err
	}
}

// messageText is a message for a person.
func messageText(m *api.Detail) string {
	p := newPage(mostColumns)
	p.line("id        %s", m.ID)
	p.line("from      %s", m.From)
	p.line("to        %s", strings.Join(m.Rcpt, ", "))
	p.line("subject   %s", m.Subject)
	p.line("received  %s", m.Received.UTC().Format("2006-01-02 15:04:05 UTC"))
	if m.Score != nil {
		p.line("score     %d of 100, grade %s", m.Score.Value, m.Score.Grade)
	}
	text := strings.TrimRight(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n")
	if text == "" && m.HTML != "" {
		text = "(HTML alone: --format links, codes or json)"
	}
	if text != "" {
		p.blank()
		for line := range strings.Lines(text) {
			p.line("%s", strings.TrimRight(line, "\n"))
		}
	}
	return p.String()
}
