package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/sink/egress"
	"github.com/postmuster/postmuster/internal/sink/store"
)

// status is the HTTP status of an error, and whether its text is for the client.
func status(err error) (code int, public bool) {
	var syntax *store.SyntaxError
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return refused.status, true
	case errors.As(err, &syntax), errors.Is(err, store.ErrCursor), errors.Is(err, store.ErrTag):
		return http.StatusUnprocessableEntity, true
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, true
	case errors.Is(err, store.ErrTooLarge):
		return http.StatusRequestEntityTooLarge, true
	case errors.Is(err, store.ErrNoSpace):
		return http.StatusInsufficientStorage, true
	case errors.Is(err, egress.ErrNotNamed), errors.Is(err, egress.ErrForbidden):
		return http.StatusForbidden, true
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, true
	default:
		return http.StatusInternalServerError, false
	}
}

// forReader returns an error whose text is for a reader; the log has the others.
func (a *API) forReader(err error) error {
	if err == nil {
		return nil
	}
	if _, public := status(err); public {
		return err
	}
	a.config.Logger.Error("a request could not be answered", "error", err)
	return errors.New("something went wrong here; the log says what")
}

// A refusal is an error of the client's doing.
type refusal struct {
	status int
	detail string
	where  string // "query.query", "body.timeout"
}

// Error says what is wrong.
func (r *refusal) Error() string { return r.detail }

func refuse(status int, detail string) error { return &refusal{status: status, detail: detail} }

// invalid is about one value of a request.
func invalid(where, detail string) error {
	return &refusal{status: http.StatusUnprocessableEntity, detail: detail, where: where}
}

// problem makes an answer of an error, as application/problem+json (RFC 9457).
func (a *API) problem(err error) error {
	var already huma.StatusError
	if err == nil || errors.As(err, &already) {
		return err
	}
	code, public := status(err)
	if !public {
		a.config.Logger.Error("a request could not be answered", "error", err)
		return huma.NewError(code, "something went wrong here; the log says what")
	}
	var refused *refusal
	if errors.As(err, &refused) && refused.where != "" {
		return huma.NewError(code, refused.detail, &huma.ErrorDetail{Location: refused.where, Message: refused.detail})
	}
	return huma.NewError(code, err.Error())
}

// register adds an operation whose errors become problems.
func register[I, O any](a *API, api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.BodyReadTimeout = -1 // package httpd has one, which does not outlast the body
	if op.Errors == nil {
		op.Errors = []int{http.StatusNotFound}
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		return out, a.problem(err)
	})
}

// shortened keeps an answer about a wrong value from being as long as the value.
func shortened(_ huma.Context, _ string, v any) (any, error) {
	problem, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	for _, detail := range problem.Errors {
		if text, err := json.Marshal(detail.Value); err != nil || len(text) > clippedValue {
			detail.Value = nil
		}
		detail.Message = clip(detail.Message, clippedValue)
	}
	return v, nil
}

// writeProblem answers an error where no operation of ours does.
func (a *API) writeProblem(w http.ResponseWriter, err error) {
	var said huma.StatusError
	errors.As(a.problem(err), &said)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(said.GetStatus())
	_ = json.NewEncoder(w).Encode(said) // the client is gone
}
