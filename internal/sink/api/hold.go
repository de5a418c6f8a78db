package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
)

const (
	// heldBytes is how much of large messages answers hold together, until their
	// last byte is sent: hundreds of clients may ask for the largest at a time.
	heldBytes = 128 << 20
	// largeMessage is the size from which on a message counts.
	largeMessage = 1 << 20
)

// held is what one answer holds.
type held struct{ bytes int64 }

type heldKey struct{}

// hold waits until another message may be in memory, for the time of the answer.
func (a *API) hold(ctx context.Context, size int64) error {
	h, ok := ctx.Value(heldKey{}).(*held)
	if !ok || size < largeMessage || h.bytes > 0 { // a second time would wait for the first
		return nil
	}
	if err := a.holding.Take(ctx, size); err != nil {
		return err
	}
	h.bytes = size
	return nil
}

// rawOf returns the bytes of a message, and holds it.
func (a *API) rawOf(ctx context.Context, r *store.Record) ([]byte, error) {
	if err := a.hold(ctx, r.Size); err != nil {
		return nil, err
	}
	return a.store.Raw(ctx, r.ID)
}

// messageOf returns a message with its session, and holds it.
func (a *API) messageOf(ctx context.Context, r *store.Record) (*message.Message, error) {
	if err := a.hold(ctx, r.Size); err != nil {
		return nil, err
	}
	return a.store.Message(ctx, r.ID)
}

func (a *API) letGo(h *held) {
	if h.bytes > 0 {
		a.holding.Leave(h.bytes)
	}
	h.bytes = 0
}

// release lets go of a message before the end of the answer, which may be long in
// coming.
func (a *API) release(ctx context.Context) {
	if h, ok := ctx.Value(heldKey{}).(*held); ok {
		a.letGo(h)
	}
}

// withHold has operations of our own let go at their end.
func (a *API) withHold(ctx huma.Context, next func(huma.Context)) {
	h := &held{}
	defer a.letGo(h)
	next(huma.WithValue(ctx, heldKey{}, h))
}

// thenLetGo has the routes of others let go at their end.
func (a *API) thenLetGo(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := &held{}
		defer a.letGo(h)
		next(w, r.WithContext(context.WithValue(r.Context(), heldKey{}, h)))
	}
}
