// Package api is what programs ask of the sink over HTTP: an API of its own,
// described by /openapi.json, and as much of Mailpit's and MailHog's as their
// published clients call.
//
// It judges nothing and guards nothing: package httpd stands in front of it.
// Nothing in a message makes it fetch anything; webhooks and relaying reach the
// targets that were named at start, and no others. Links are asked for when a
// request wants it, and only where that was allowed at start.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/fault"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/sink/weight"
)

// prefix is where the API of our own is.
const prefix = "/api/postmuster/v1"

// DefaultMaxMessageBytes is the size of the largest message that is taken over HTTP.
const DefaultMaxMessageBytes = 50 << 20

// Config is what the API needs. Store, Now and Logger must be set; Resolve too,
// if anything may leave.
type Config struct {
	Store   *store.Store
	Now     func() time.Time
	Logger  *slog.Logger
	Version string // of the program
	Prefix  string // of the path, such as /mail, where a proxy serves the API below one

	// ReadOnly reports whether whoever sends a request may change nothing; nil:
	// nobody is restricted. Requests that change something do not come then, but
	// for those of Mailpit's that do so by the way.
	ReadOnly func(*http.Request) bool

	MaxMessageBytes int64 // 0: DefaultMaxMessageBytes

	Faults   Faults    // nil: no faults on purpose
	Relays   []Relay   // where messages may be sent on to, the default first
	Webhooks []Webhook // who is told of events
	Hostname string    // how a relay is greeted

	Filters []string // the spam filters that are asked of each message, as reports call them

	Links *linkcheck.Checker // asks for the links of a message; nil: they are not asked for

	// Resolve looks up the addresses of a relay or webhook.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Faults are the faults that the SMTP server makes on purpose: a *fault.Injector.
type Faults interface {
	Get() string             // the script in force, empty for none
	Set(script string) error // replaces it; an error says what is wrong in the script
	Status() fault.Status    // what came of it
}

// An API answers programs.
type API struct {
	config  Config
	store   *store.Store
	dialer  *egress.Dialer
	hooks   *webhooks
	started time.Time

	streams places // of server-sent events
	waiting places // of wait and expect
	bodies  places // of messages that are being sent

	decoding places // of images
	holding  *weight.Weight

	document func() ([]byte, error)
}

// New returns an API. It fails when a relay or a webhook makes no sense.
func New(c Config) (*API, error) {
	c.MaxMessageBytes = cmp.Or(c.MaxMessageBytes, DefaultMaxMessageBytes)
	targets, err := targets(c)
	if err != nil {
		return nil, err
	}
	dialer, err := egress.New(c.Resolve, targets...)
	if err != nil {
		return nil, err
	}
	a := &API{
		config: c, store: c.Store, dialer: dialer, started: c.Now(),
		streams: newPlaces(maxStreams), waiting: newPlaces(maxWaiting), bodies: newPlaces(maxSending),
		decoding: newPlaces(maxDecoding), holding: weight.New(heldBytes),
	}
	a.hooks = newWebhooks(c, dialer)
	return a, nil
}

// Run does what the API has to do by itself, which is to call webhooks, until ctx ends.
func (a *API) Run(ctx context.Context) error { return a.hooks.run(ctx, a.store) }

// Register adds the paths of the API to a mux, such as an *http.ServeMux.
func (a *API) Register(mux humago.Mux) {
	config := huma.DefaultConfig("postmuster sink", cmp.Or(a.config.Version, "devel"))
	config.Info.Description = "Received messages, what was found out about them, and waiting for them."
	config.OpenAPIPath = ""  // see registerDocuments
	config.DocsPath = ""     // it would load scripts from elsewhere
	config.SchemasPath = ""  // everything is in /openapi.json
	config.CreateHooks = nil // they add $schema to every answer
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{shortened}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	native := humago.New(mux, config)
	native.UseMiddleware(a.withHold)
	a.registerMessages(native)
	a.registerContent(native)
	a.registerReport(native)
	a.registerExtracts(native)
	a.registerHTMLCheck(native)
	a.registerLinkCheck(native)
	a.registerOpinions(native)
	a.registerSending(native)
	a.registerWaiting(native)
	a.registerLists(native)
	a.registerEvents(native)
	a.registerFaults(native)
	a.registerExport(native)
	doc := native.OpenAPI()
	a.document = sync.OnceValues(doc.MarshalJSON)
	if a.config.Prefix != "" {
		doc.Servers = []*huma.Server{{URL: a.config.Prefix}}
	}
	a.registerDocuments(mux, doc)
	a.registerHealth(mux, doc)
	a.registerMailpit(mux, doc)
	a.registerMailHog(mux, doc)
}

// Reads reports whether a request that is posted changes nothing: waiting does not.
func Reads(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == prefix+"/wait" || r.URL.Path == prefix+"/expect")
}

// OpenAPI returns the document that /openapi.json is, once the paths are registered.
func (a *API) OpenAPI() ([]byte, error) { return a.document() }

// schemaName names a schema after its type, with its package where that is not ours.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if t.Name() == "" || room == "api" || strings.HasPrefix(t.PkgPath(), "github.com/danielgtaylor/") || strings.EqualFold(room, name) {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// How many of a kind may be in work at a time. Each holds a connection, of which
// the server has 512, and a body holds memory.
const (
	maxStreams = 128
	maxWaiting = 128
	maxSending = 4
)

// places bounds how many do something at a time.
type places chan struct{}

func newPlaces(n int) places { return make(places, n) }

// take takes a place if there is one.
func (p places) take() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

// await takes a place when there is one.
func (p places) await(ctx context.Context) error {
	select {
	case p <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p places) leave() { <-p }
