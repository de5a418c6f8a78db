package api

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerHealth(mux humago.Mux, doc *huma.OpenAPI) {
	text := []string{"text/plain"}
	a.registerRoutes(mux, doc, "health", a.writeProblem, []route{
		{pattern: "GET /livez", summary: "Does the process answer?", answers: text, handler: func(w http.ResponseWriter, _ *http.Request) error {
			plain(w, http.StatusOK, "ok\n")
			return nil
		}},
		{pattern: "GET /readyz", summary: "Does the store answer, and know all its messages?", answers: text, handler: a.ready},
		{pattern: "GET /metrics", summary: "Figures in the text format of Prometheus", answers: text, handler: a.metrics},
	})
}

func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	stats, err := a.store.Stats(r.Context())
	if err != nil {
		return errNotReady
	}
	if err := caughtUp(stats); err != nil {
		return err
	}
	plain(w, http.StatusOK, "ok\n")
	return nil
}

// caughtUp refuses while the index lacks messages.
func caughtUp(s store.Stats) error {
	if !s.CatchingUp {
		return nil
	}
	return refuse(http.StatusServiceUnavailable, fmt.Sprintf("the index is being made: it has %d messages of %d", s.IndexedSeq, s.Seq))
}

var errNotReady = refuse(http.StatusServiceUnavailable, "the store does not answer")

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// A metric is one figure. None of them says anything of a message.
type metric struct {
	name, kind, help string
	value            float64
}

// metrics writes the text format of Prometheus, version 0.0.4.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) error {
	stats, err := a.store.Stats(r.Context())
	if err != nil {
		return errNotReady
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	var b strings.Builder
	for _, m := range a.figures(stats) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", m.name, m.help, m.name, m.kind, m.name, strconv.FormatFloat(m.value, 'g', -1, 64))
	}
	fmt.Fprintf(&b, "# HELP postmuster_build_info The program's version.\n# TYPE postmuster_build_info gauge\npostmuster_build_info{version=%q} 1\n", a.config.Version)
	w.Write([]byte(b.String()))
	return nil
}

func (a *API) figures(s store.Stats) []metric {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	delivered, failed, dropped := a.hooks.counts()
	return []metric{
		{"postmuster_sink_messages", "gauge", "Messages in the store.", float64(s.Messages)},
		{"postmuster_sink_unread_messages", "gauge", "Messages without a read mark.", float64(s.Unread)},
		{"postmuster_sink_unscored_messages", "gauge", "Messages that wait for their score.", float64(s.Unscored)},
		{"postmuster_sink_message_bytes", "gauge", "Size of the messages in the store, as received.", float64(s.Bytes)},
		{"postmuster_sink_disk_bytes", "gauge", "Size of the log on disk.", float64(s.DiskBytes)},
		{"postmuster_sink_segments", "gauge", "Segment files of the log.", float64(s.Segments)},
		{"postmuster_sink_acknowledged_total", "counter", "Messages that were ever acknowledged.", float64(s.Seq)},
		{"postmuster_sink_index_lag_messages", "gauge", "Acknowledged messages that cannot be searched yet.", float64(s.Seq - min(s.Seq, s.IndexedSeq))},
		{"postmuster_sink_event_streams", "gauge", "Clients that read events.", float64(len(a.streams))},
		{"postmuster_sink_waiting_requests", "gauge", "Requests that wait for messages.", float64(len(a.waiting))},
		{"postmuster_sink_webhook_deliveries_total", "counter", "Events that a webhook took.", float64(delivered)},
		{"postmuster_sink_webhook_failures_total", "counter", "Attempts that a webhook did not take.", float64(failed)},
		{"postmuster_sink_webhook_dropped_total", "counter", "Events that were given up.", float64(dropped)},
		{"postmuster_sink_start_time_seconds", "gauge", "When the sink was started, in Unix time.", float64(a.started.Unix())},
		{"go_goroutines", "gauge", "Goroutines.", float64(runtime.NumGoroutine())},
		{"go_memstats_heap_alloc_bytes", "gauge", "Bytes of the heap in use.", float64(memory.HeapAlloc)},
	}
}
