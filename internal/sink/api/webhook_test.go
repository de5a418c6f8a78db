package api

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// hook is a service that is called; it answers with the statuses in turn, and
// then with 204.
type hook struct {
	*httptest.Server
	calls    chan *http.Request
	bodies   chan []byte
	statuses chan int
}

func newHook(t *testing.T, statuses ...int) *hook {
	h := &hook{calls: make(chan *http.Request, 100), bodies: make(chan []byte, 100), statuses: make(chan int, len(statuses))}
	for _, s := range statuses {
		h.statuses <- s
	}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status := http.StatusNoContent
		select {
		case status = <-h.statuses:
		default:
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
		}
		w.WriteHeader(status)
		h.calls <- r
		h.bodies <- body
	}))
	t.Cleanup(h.Close)
	return h
}

func quickly(n int) []time.Duration {
	backoff := make([]time.Duration, n)
	for i := range backoff {
		backoff[i] = time.Millisecond
	}
	return backoff
}

func TestWebhooksAreSignedAndRetried(t *testing.T) {
	h := newHook(t, 500, 302)
	const secret = "whsec_c2VjcmV0IGtleSBvZiAyNCBieXRlcyE="
	s := newSink(t, func(c *Config) {
		c.Webhooks = []Webhook{{URL: h.URL + "/hook", Secret: secret, Backoff: quickly(5)}}
	})
	r := s.addOnceListening(h)
	var ids []string
	for range 3 { // refused, led elsewhere, taken
		req, body := <-h.calls, <-h.bodies
		ids = append(ids, req.Header.Get("Webhook-Id"))
		if req.URL.Path != "/hook" {
			t.Errorf("a redirect was followed to %s", req.URL.Path)
		}
		want := sign("secret key of 24 bytes!", req.Header.Get("Webhook-Id"), req.Header.Get("Webhook-Timestamp"), body)
		if got := req.Header.Get("Webhook-Signature"); got != want {
			t.Errorf("signature %s, want %s", got, want)
		}
		var e Event
		if err := json.Unmarshal(body, &e); err != nil || e.Type != "received" || e.Message.ID != r.ID {
			t.Errorf("body %s", body)
		}
	}
	if ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("the attempts have the IDs %q", ids)
	}
}

// addOnceListening adds a message when the webhooks follow the events.
func (s *sink) addOnceListening(h *hook) store.Receipt {
	s.t.Helper()
	for { // Run subscribes some time after it was started
		r := s.add(simple("called for"))
		select {
		case req := <-h.calls:
			h.calls <- req
			return r
		case <-time.After(50 * time.Millisecond):
			s.want(204, "DELETE", prefix+"/messages/"+r.ID, nil, nil)
		}
	}
}

func TestAWebhookThatNeverAnswersIsGivenUp(t *testing.T) {
	h := newHook(t, 500, 500, 500)
	s := newSink(t, func(c *Config) { c.Webhooks = []Webhook{{URL: h.URL, Backoff: quickly(2)}} })
	s.addOnceListening(h)
	for range 3 {
		<-h.calls
	}
	s.add(simple("the next one"))
	body := <-h.bodies
	for range 3 {
		body = <-h.bodies
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil || e.Message.Subject != "the next one" {
		t.Errorf("after giving up: %s", body)
	}
	if _, _, dropped := s.api.hooks.counts(); dropped != 1 {
		t.Errorf("%d dropped, want 1", dropped)
	}
}

func TestOldCallsMakeWayForNewOnes(t *testing.T) {
	h := newWebhooks(Config{Now: time.Now, Webhooks: []Webhook{{URL: "http://hooks.example.com/"}}}, nil)
	for i := range maxWaitingCalls + 10 {
		h.tell(store.Event{ID: string(rune('a' + i%26)), Kind: store.Received, Record: &store.Record{}})
	}
	h.tell(store.Event{Kind: store.Deleted}) // nobody asked for it
	if _, _, dropped := h.counts(); dropped != 10 || len(h.queues[0]) != maxWaitingCalls {
		t.Errorf("%d dropped, %d wait", dropped, len(h.queues[0]))
	}
}

func TestSignatureOfTheStandard(t *testing.T) {
	// The example of https://github.com/standard-webhooks/standard-webhooks, spec.
	got := sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := base64.StdEncoding.DecodeString(got[3:]); err != nil {
		t.Error(err)
	}
}

func TestWebhooksThatMakeNoSense(t *testing.T) {
	for _, url := range []string{"", "hooks.example.com", "ftp://hooks.example.com/", "http://", "http://user:pass@hooks.example.com/", "file:///etc/passwd"} {
		if _, err := New(Config{Now: time.Now, Webhooks: []Webhook{{URL: url}}}); err == nil {
			t.Errorf("the webhook %q is taken", url)
		}
	}
}
