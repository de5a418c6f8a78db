// Package client asks a running sink by its API: it waits for messages and
// reads them. The answers are the types of package api.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/api"
)

const (
	prefix = "/api/postmuster/v1"
	// maxAnswer bounds what is read of an answer: a message of 50 MB in JSON fits.
	maxAnswer = 128 << 20
	// maxProblem bounds the answer of a server that may be another one.
	maxProblem = 4 << 20
)

// ErrPending says that a message is not scored yet.
var ErrPending = errors.New("the message is not scored yet")

// A Client asks one sink.
type Client struct {
	URL   string // http://127.0.0.1:8025
	Token string // when the sink asks for one
	HTTP  *http.Client
}

// A StatusError is an answer that is no success.
type StatusError struct {
	Status int
	Detail string
	Places []Place // of the request, that are wrong
}

// A Place is what is wrong at one place of a request.
type Place struct{ Location, Message string }

// Error says what the server said.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Detail)
}

// Ready reports by its error whether the sink answers, and its store does.
func (c *Client) Ready(ctx context.Context) error {
	res, err := c.send(ctx, http.MethodGet, "/readyz", nil)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// Wait waits until a condition holds. When it does not in time the error is an
// *api.Unmet.
func (c *Client) Wait(ctx context.Context, condition api.Condition, span api.Span) (*api.Outcome, error) {
	var out api.Outcome
	err := c.do(ctx, http.MethodPost, "/wait", struct {
		api.Condition
		api.Span
	}{condition, span}, &out)
	return &out, err
}

// Expect waits until all conditions hold, like Wait.
func (c *Client) Expect(ctx context.Context, conditions []api.Condition, span api.Span) ([]api.Outcome, error) {
	var out struct{ Outcomes []api.Outcome }
	err := c.do(ctx, http.MethodPost, "/expect", struct {
		api.Span
		Expect []api.Condition `json:"expect"`
	}{span, conditions}, &out)
	return out.Outcomes, err
}

// Message returns everything about a message but its bytes.
func (c *Client) Message(ctx context.Context, id string) (*api.Detail, error) {
	var out api.Detail
	return &out, c.do(ctx, http.MethodGet, "/messages/"+id, nil, &out)
}

// Raw returns the bytes of a message as they were received.
func (c *Client) Raw(ctx context.Context, id string) ([]byte, error) {
	res, err := c.ask(ctx, http.MethodGet, "/messages/"+id+"/raw", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, maxAnswer))
}

// Report returns what was found out about a message, or ErrPending.
func (c *Client) Report(ctx context.Context, id string) (*report.Report, error) {
	res, err := c.ask(ctx, http.MethodGet, "/messages/"+id+"/report", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusAccepted {
		return nil, ErrPending
	}
	var out report.Report
	return &out, decode(res, &out)
}

// Links returns the links of a message.
func (c *Client) Links(ctx context.Context, id string) ([]api.Link, error) {
	var out struct{ Links []api.Link }
	err := c.do(ctx, http.MethodGet, "/messages/"+id+"/links", nil, &out)
	return out.Links, err
}

// Codes returns what looks like a one-time code in a message, the likeliest first.
func (c *Client) Codes(ctx context.Context, id string) ([]api.Code, error) {
	var out struct{ Codes []api.Code }
	err := c.do(ctx, http.MethodGet, "/messages/"+id+"/codes", nil, &out)
	return out.Codes, err
}

// do asks for JSON.
func (c *Client) do(ctx context.Context, method, path string, body, out any) error {
	res, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return decode(res, out)
}

func decode(res *http.Response, out any) error {
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", res.Request.URL.Redacted(), err)
	}
	return nil
}

// ask asks the API of our own.
func (c *Client) ask(ctx context.Context, method, path string, body any) (*http.Response, error) {
	return c.send(ctx, method, prefix+path, body)
}

// send returns an answer that is a success.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 200 && res.StatusCode <= 299 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, problemOf(res)
}

// problemOf reads an answer that is no success.
func problemOf(res *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil {
		return err
	}
	unmet := &api.Unmet{}
	isJSON := json.Unmarshal(text, unmet) == nil
	if isJSON && res.StatusCode == http.StatusExpectationFailed && unmet.Outcomes != nil {
		return unmet
	}
	e := &StatusError{Status: res.StatusCode, Detail: unmet.Detail}
	for _, detail := range unmet.Errors {
		e.Places = append(e.Places, Place{detail.Location, detail.Message})
		if detail.Message != e.Detail {
			e.Detail += "; " + strings.TrimPrefix(detail.Location, "body.") + ": " + detail.Message
		}
	}
	if !isJSON || e.Detail == "" {
		e.Detail = "no answer of a sink's API"
	}
	return e
}
