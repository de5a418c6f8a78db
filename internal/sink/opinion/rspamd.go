package opinion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

// Rspamd is a worker of Rspamd.
type Rspamd struct {
	url    string
	client *http.Client
}

// NewRspamd returns the worker at host[:port] or an http address.
func NewRspamd(text string, dial Dial) (*Rspamd, error) {
	where := text
	if !strings.Contains(text, "://") {
		network, addr, err := address(text, "11333")
		if err != nil || network != "tcp" {
			return nil, fmt.Errorf("%q is not an address like 127.0.0.1:11333", text)
		}
		where = "http://" + addr
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an address like http://127.0.0.1:11333", text)
	}
	return &Rspamd{strings.TrimRight(u.String(), "/") + "/checkv2", &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name returns what the filter is called in reports.
func (r *Rspamd) Name() string { return "rspamd" }

func (r *Rspamd) ask(ctx context.Context, m *message.Message) (report.Opinion, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(m.Raw))
	if err != nil {
		return report.Opinion{}, err
	}
	describe(req.Header, m)
	res, err := r.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil {
		return report.Opinion{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return report.Opinion{}, fmt.Errorf("rspamd answers %s", res.Status)
	}
	return readRspamd(io.LimitReader(res.Body, maxAnswer))
}

// describe tells the session and the envelope, on which many rules rest. What
// the client chose is left out where a header field cannot hold it.
func describe(h http.Header, m *message.Message) {
	set := func(name, value string) {
		if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			h.Add(name, value)
		}
	}
	if s := m.Session; s != nil {
		set("Helo", s.HELO)
		set("User", s.AuthIdentity)
		if fromOutside(s) {
			set("IP", s.Peer.Addr().String())
		}
	}
	if e := m.Envelope; e != nil {
		set("From", e.MailFrom)
		for _, to := range e.Rcpt {
			set("Rcpt", to.To)
		}
	}
}

// readRspamd reads the answer of /checkv2.
func readRspamd(from io.Reader) (o report.Opinion, err error) {
	var answer struct {
		Score    *float64 `json:"score"`
		Required float64  `json:"required_score"`
		Action   string   `json:"action"`
		Symbols  map[string]struct {
			Score       float64 `json:"score"`
			Description string  `json:"description"`
		} `json:"symbols"`
	}
	if err := json.NewDecoder(from).Decode(&answer); err != nil {
		return o, fmt.Errorf("the answer of rspamd: %w", err)
	}
	if answer.Score == nil {
		return o, errors.New("what answers is not rspamd")
	}
	o = report.Opinion{
		Score: *answer.Score, Required: answer.Required, Action: answer.Action,
		Spam: answer.Action == "reject" || answer.Action == "add header" || answer.Action == "rewrite subject",
	}
	for name, s := range answer.Symbols {
		o.Symbols = append(o.Symbols, report.Symbol{Name: name, Score: &s.Score, Description: described(s.Description)})
	}
	weightiestFirst(o.Symbols)
	return o, nil
}
