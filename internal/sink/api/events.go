package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// heartbeat is less than what proxies allow a silent connection.
const heartbeat = 15 * time.Second

func (a *API) registerEvents(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: prefix + "/events", Tags: []string{"waiting"},
		Summary: "What happens, as server-sent events",
		Description: "Events are received, scored, changed (each with a message), deleted (with ids) and resync, after which a client reads the list anew. " +
			"A client that comes back with Last-Event-ID gets what it missed.",
		Responses: map[string]*huma.Response{"200": {
			Description: "A stream of events",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, a.events)
}

func (a *API) events(_ context.Context, in *struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"128"`
	After       string `query:"after" maxLength:"128" doc:"Like Last-Event-ID, which a browser does not let a page set"`
}) (*huma.StreamResponse, error) {
	if !a.streams.take() {
		return nil, refuse(http.StatusTooManyRequests, "too many read events already")
	}
	after := in.LastEventID
	if after == "" {
		after = in.After
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer a.streams.leave()
		r, w := humago.Unwrap(ctx)
		if r.Method == http.MethodHead { // it would never end
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		stream(ctx.Context(), w, a.store.Subscribe(after))
	}}, nil
}

// stream writes events until the client or the store ends.
func stream(ctx context.Context, w http.ResponseWriter, events *store.Subscription) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	control := http.NewResponseController(w)
	text := "retry: 1000\n\n"
	for {
		if _, err := w.Write([]byte(text)); err != nil || control.Flush() != nil {
			return
		}
		next, cancel := context.WithTimeout(ctx, heartbeat)
		event, err := events.Next(next)
		alive := next.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			text = written(event)
		case alive:
			text = ": alive\n\n"
		default:
			return
		}
	}
}

// An Event is one change, as streams and webhooks tell of it.
type Event struct {
	Type    string   `json:"type"`
	Message *Summary `json:"message,omitempty"`
	IDs     []string `json:"ids,omitempty"`
}

func eventOf(e store.Event) Event {
	out := Event{Type: string(e.Kind), IDs: e.IDs}
	if e.Record != nil {
		s := summary(e.Record)
		out.Message = &s
	}
	return out
}

// written is an event as text/event-stream has it. JSON has no line ends of its own.
func written(e store.Event) string {
	data, err := json.Marshal(eventOf(e))
	if err != nil {
		panic(err) // strings and numbers alone
	}
	id := strings.NewReplacer("\n", "", "\r", "").Replace(e.ID)
	return fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", id, e.Kind, data)
}
