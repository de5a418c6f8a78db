package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerMessages(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "list-messages", Method: http.MethodGet, Path: prefix + "/messages", Tags: []string{"messages"},
		Summary: "List or search messages",
	}, a.list)
	register(a, api, huma.Operation{
		OperationID: "get-message", Method: http.MethodGet, Path: prefix + "/messages/{id}", Tags: []string{"messages"},
		Summary: "Show a message with its envelope, session, header and parts",
	}, a.message)
	register(a, api, huma.Operation{
		OperationID: "mark-messages", Method: http.MethodPatch, Path: prefix + "/messages", Tags: []string{"messages"},
		Summary: "Set the read mark or the tags of messages", DefaultStatus: http.StatusNoContent,
	}, a.markAll)
	register(a, api, huma.Operation{
		OperationID: "mark-message", Method: http.MethodPatch, Path: prefix + "/messages/{id}", Tags: []string{"messages"},
		Summary: "Set the read mark or the tags of a message", DefaultStatus: http.StatusNoContent,
	}, a.mark)
	register(a, api, huma.Operation{
		OperationID: "delete-messages", Method: http.MethodDelete, Path: prefix + "/messages", Tags: []string{"messages"},
		Summary: "Delete the messages that a search finds, or all",
	}, a.deleteAll)
	register(a, api, huma.Operation{
		OperationID: "delete-message", Method: http.MethodDelete, Path: prefix + "/messages/{id}", Tags: []string{"messages"},
		Summary: "Delete a message", DefaultStatus: http.StatusNoContent,
	}, a.delete)
}

// listInput is a search and where to begin in what it finds.
type listInput struct {
	Query  string `query:"query" maxLength:"4096" doc:"A search: words, from: to: cc: bcc: reply-to: subject: file: message-id: header:NAME header:\"NAME: words\" has:attachment|inline|html|link|report is:read|unread|tagged|untagged before: after: larger: smaller: score: check: inbox: tag:, - for not"`
	Cursor string `query:"cursor" maxLength:"512" doc:"The next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	MinSeq uint64 `query:"min_seq" doc:"Wait until all messages up to this one can be found"`
	After  uint64 `query:"after_seq" doc:"Only messages behind this one"`
	Order  string `query:"order" enum:"newest,oldest" default:"newest"`

	IfNoneMatch string `header:"If-None-Match"`
}

// A List is a page of messages.
type List struct {
	Messages []Summary `json:"messages"`
	Total    int       `json:"total" doc:"How many match, on all pages"`
	More     bool      `json:"more" doc:"Counting ended at total: there are more"`
	Next     string    `json:"next" doc:"The cursor of the next page; empty on the last one"`
	Seq      uint64    `json:"seq" doc:"All messages up to this one were looked at"`
}

func (a *API) list(ctx context.Context, in *listInput) (*Tagged[List], error) {
	search, err := parse(in.Query, "query.query")
	if err != nil {
		return nil, err
	}
	if err := a.readable(ctx, in.MinSeq); err != nil {
		return nil, err
	}
	page, err := a.store.List(ctx, store.Query{
		Search: search, Cursor: in.Cursor, Limit: in.Limit, After: in.After, OldestFirst: in.Order == "oldest",
	})
	if err != nil {
		return nil, err
	}
	return tagged(in.IfNoneMatch, List{
		Messages: summaries(page.Records), Total: page.Total, More: page.More, Next: page.Next, Seq: page.Seq,
	}), nil
}

// parse reads a search; an empty one is none.
func parse(text, where string) (*store.Search, error) {
	if text == "" {
		return nil, nil
	}
	search, err := store.ParseSearch(text)
	if err != nil {
		return nil, invalid(where, err.Error())
	}
	return search, nil
}

// latest is the ID that stands for the newest message.
const latest = "latest"

// one returns the record of a message.
func (a *API) one(ctx context.Context, in IDInput) (*store.Record, error) {
	if in.Query != "" && in.ID != latest {
		return nil, invalid("query.query", "a search goes with latest in place of the ID")
	}
	search, err := parse(in.Query, "query.query")
	if err != nil {
		return nil, err
	}
	if err := a.readable(ctx, in.MinSeq); err != nil {
		return nil, err
	}
	if in.ID != latest {
		return a.store.Get(ctx, in.ID)
	}
	page, err := a.store.List(ctx, store.Query{Search: search, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Records) == 0 {
		return nil, store.ErrNotFound
	}
	return page.Records[0], nil
}

// readable waits until all messages up to seq can be found, which is soon. One
// that nobody has been told of yet is not waited for: it may never come.
func (a *API) readable(ctx context.Context, seq uint64) error {
	if seq == 0 {
		return nil
	}
	stats, err := a.store.Stats(ctx)
	if err != nil {
		return err
	}
	if seq > stats.Seq {
		return invalid("query.min_seq", fmt.Sprintf("no message has this seq yet, the last one has %d; POST %s/wait waits for messages to come", stats.Seq, prefix))
	}
	return a.store.WaitSeq(ctx, seq)
}

// IDInput names a message.
type IDInput struct {
	ID     string `path:"id" maxLength:"128" doc:"The ID of a message, or latest"`
	Query  string `query:"query" maxLength:"4096" doc:"With latest: the newest message that this search finds"`
	MinSeq uint64 `query:"min_seq" doc:"Wait until all messages up to this one can be found"`
}

// ContentInput names what never changes of a message.
type ContentInput struct {
	IDInput
	IfNoneMatch string `header:"If-None-Match"`
}

// Marks are what a reader sets on a message.
type Marks struct {
	Read *bool     `json:"read,omitempty" example:"true"`
	Tags *[]string `json:"tags,omitempty" maxItems:"100" doc:"Replaces all tags"`
}

func (a *API) setMarks(ctx context.Context, m Marks, ids ...string) error {
	if m.Read != nil {
		if err := a.store.SetRead(ctx, *m.Read, ids...); err != nil {
			return err
		}
	}
	if m.Tags == nil {
		return nil
	}
	return a.store.SetTags(ctx, *m.Tags, ids...)
}

func (a *API) mark(ctx context.Context, in *struct {
	IDInput
	Body Marks
}) (*struct{}, error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	return nil, a.setMarks(ctx, in.Body, r.ID)
}

func (a *API) markAll(ctx context.Context, in *struct {
	Body struct {
		Marks
		IDs   []string `json:"ids,omitempty" maxItems:"10000"`
		Query *string  `json:"query,omitempty" maxLength:"4096" doc:"A search; empty for all messages"`
	}
}) (*struct{}, error) {
	if (in.Body.IDs == nil) == (in.Body.Query == nil) {
		return nil, invalid("body", "either ids or query says which messages")
	}
	if in.Body.Query == nil {
		return nil, a.setMarks(ctx, in.Body.Marks, in.Body.IDs...)
	}
	search, err := parse(*in.Body.Query, "body.query")
	if err != nil {
		return nil, err
	}
	if in.Body.Read != nil {
		if err := a.store.SetReadMatching(ctx, *in.Body.Read, search); err != nil {
			return nil, err
		}
	}
	if in.Body.Tags == nil {
		return nil, nil
	}
	ids, err := a.matching(ctx, search)
	if err != nil {
		return nil, err
	}
	return nil, a.setMarks(ctx, Marks{Tags: in.Body.Tags}, ids...)
}

// matching returns the IDs of all messages that a search finds.
func (a *API) matching(ctx context.Context, search *store.Search) ([]string, error) {
	var ids []string
	q := store.Query{Search: search, Limit: store.MaxLimit}
	for {
		page, err := a.store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			ids = append(ids, r.ID)
		}
		if page.Next == "" {
			return ids, nil
		}
		q.Cursor = page.Next
	}
}

func (a *API) delete(ctx context.Context, in *IDInput) (*struct{}, error) {
	r, err := a.one(ctx, *in)
	if err != nil {
		return nil, err
	}
	n, err := a.store.Delete(ctx, r.ID)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return nil, err
}

type deleted struct {
	Body struct {
		Deleted int `json:"deleted"`
	}
}

func (a *API) deleteAll(ctx context.Context, in *struct {
	Query string `query:"query" maxLength:"4096" doc:"A search; without it all messages are deleted"`
}) (*deleted, error) {
	search, err := parse(in.Query, "query.query")
	if err != nil {
		return nil, err
	}
	out := &deleted{}
	out.Body.Deleted, err = a.store.DeleteMatching(ctx, search)
	return out, err
}
