package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// A Webhook is told of events.
type Webhook struct {
	URL string
	// Secret signs each call as https://www.standardwebhooks.com has it; without
	// one there is no signature.
	Secret string
	// Events are the kinds of events; received and scored when there are none.
	Events []store.EventKind
	// Backoff is how long to wait before each attempt after the first; nil: defaultBackoff.
	Backoff []time.Duration
}

// defaultBackoff outlasts the restart of a service, and then a deployment.
var defaultBackoff = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const (
	// hookTimeout is for one call: whoever needs longer answers first and works later.
	hookTimeout = 10 * time.Second
	// maxWaitingCalls of one webhook; older ones are given up for newer ones.
	maxWaitingCalls = 1000
)

// targets returns the hosts and ports that are named by a configuration.
func targets(c Config) ([]string, error) {
	var list []string
	for _, r := range c.Relays {
		list = append(list, r.Addr)
	}
	for _, h := range c.Webhooks {
		u, err := url.Parse(h.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			return nil, fmt.Errorf("webhook %q is not an http or https address", h.URL)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		list = append(list, net.JoinHostPort(u.Hostname(), port))
	}
	return list, nil
}

// webhooks calls those who want to be told.
type webhooks struct {
	config Config
	client *http.Client
	queues []chan call

	delivered, failed, dropped atomic.Int64
}

// A call is an event on its way to one webhook.
type call struct {
	id   string
	body []byte
}

func newWebhooks(c Config, dialer *egress.Dialer) *webhooks {
	h := &webhooks{config: c, client: &http.Client{
		Timeout: hookTimeout,
		// Who was named is called, and nobody else: no proxy, no redirect.
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: hookTimeout, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for range c.Webhooks {
		h.queues = append(h.queues, make(chan call, maxWaitingCalls))
	}
	return h
}

func (h *webhooks) counts() (delivered, failed, dropped int64) {
	return h.delivered.Load(), h.failed.Load(), h.dropped.Load()
}

// run calls webhooks until ctx ends. What then waits is not told of any more.
func (h *webhooks) run(ctx context.Context, s *store.Store) error {
	if len(h.queues) == 0 {
		<-ctx.Done()
		return nil
	}
	defer h.client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	events := s.Subscribe("")
	for i := range h.queues {
		wg.Go(func() { h.work(ctx, &h.config.Webhooks[i], h.queues[i]) })
	}
	for {
		e, err := events.Next(ctx)
		if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		h.tell(e)
	}
}

// tell puts an event into the queues of those who want it.
func (h *webhooks) tell(e store.Event) {
	var c call
	for i, hook := range h.config.Webhooks {
		if !hook.wants(e.Kind) {
			continue
		}
		if c.body == nil {
			body, err := json.Marshal(struct {
				Event
				Timestamp time.Time `json:"timestamp"`
			}{eventOf(e), h.config.Now().UTC()})
			if err != nil {
				panic(err) // strings and numbers alone
			}
			c = call{id: "evt_" + e.ID, body: body}
		}
		h.put(h.queues[i], c)
	}
}

func (h *webhooks) put(queue chan call, c call) {
	for {
		select {
		case queue <- c:
			return
		default:
		}
		select {
		case <-queue: // the oldest
			h.dropped.Add(1)
		default:
		}
	}
}

func (w *Webhook) wants(kind store.EventKind) bool {
	if len(w.Events) == 0 {
		return kind == store.Received || kind == store.Scored
	}
	for _, k := range w.Events {
		if k == kind {
			return true
		}
	}
	return false
}

// work makes the calls of one webhook, one after another.
func (h *webhooks) work(ctx context.Context, hook *Webhook, queue <-chan call) {
	for {
		select {
		case c := <-queue:
			h.deliver(ctx, hook, c)
		case <-ctx.Done():
			return
		}
	}
}

// deliver makes one call, again and again if need be.
func (h *webhooks) deliver(ctx context.Context, hook *Webhook, c call) {
	backoff := hook.Backoff
	if backoff == nil {
		backoff = defaultBackoff
	}
	for attempt := 0; ; attempt++ {
		err := h.call(ctx, hook, c)
		if err == nil {
			h.delivered.Add(1)
			return
		}
		h.failed.Add(1)
		if attempt == len(backoff) {
			h.dropped.Add(1)
			h.config.Logger.Warn("a webhook was given up", "url", hook.URL, "event", c.id, "error", err)
			return
		}
		select {
		case <-time.After(backoff[attempt]):
		case <-ctx.Done():
			return
		}
	}
}

func (h *webhooks) call(ctx context.Context, hook *Webhook, c call) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(h.config.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "postmuster")
	req.Header.Set("Webhook-Id", c.id)
	req.Header.Set("Webhook-Timestamp", at)
	if hook.Secret != "" {
		req.Header.Set("Webhook-Signature", sign(hook.Secret, c.id, at, c.body))
	}
	res, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	// A little is read, so that the connection can be used again.
	io.CopyN(io.Discard, res.Body, 4<<10)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// sign returns the signature of a call: an HMAC over its ID, time and body. A
// secret that begins with whsec_ is a key in base64, others are keys themselves.
func sign(secret, id, at string, body []byte) string {
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			key = decoded
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
