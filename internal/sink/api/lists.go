package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

func (a *API) registerLists(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "list-inboxes", Method: http.MethodGet, Path: prefix + "/inboxes", Tags: []string{"lists"},
		Summary: "The inboxes, the one with the newest message first",
	}, a.inboxes)
	register(a, api, huma.Operation{
		OperationID: "list-tags", Method: http.MethodGet, Path: prefix + "/tags", Tags: []string{"lists"},
		Summary: "The tags in use",
	}, a.tags)
	register(a, api, huma.Operation{
		OperationID: "list-failed-sessions", Method: http.MethodGet, Path: prefix + "/failed-sessions", Tags: []string{"lists"},
		Summary: "SMTP sessions that ended without a message, newest first",
	}, a.failedSessions)
	register(a, api, huma.Operation{
		OperationID: "get-info", Method: http.MethodGet, Path: prefix + "/info", Tags: []string{"lists"},
		Summary: "Figures about this sink",
	}, a.info)
}

// An Inbox keeps the messages of one test, address or user apart.
type Inbox struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"`
	Unread   int    `json:"unread"`
	LastID   string `json:"last_id"`
	LastSeq  uint64 `json:"last_seq"`
}

type inboxesOutput struct {
	Body struct {
		Inboxes []Inbox `json:"inboxes"`
	}
}

func (a *API) inboxes(ctx context.Context, _ *struct{}) (*inboxesOutput, error) {
	list, err := a.store.Inboxes(ctx)
	if err != nil {
		return nil, err
	}
	out := &inboxesOutput{}
	out.Body.Inboxes = []Inbox{}
	for _, i := range list {
		out.Body.Inboxes = append(out.Body.Inboxes, Inbox{i.Name, i.Messages, i.Unread, i.Last.ID, i.Last.Seq})
	}
	return out, nil
}

// A Tag is a tag and how many messages have it.
type Tag struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"`
}

type tagsOutput struct {
	Body struct {
		Tags []Tag `json:"tags"`
	}
}

func (a *API) tags(ctx context.Context, _ *struct{}) (*tagsOutput, error) {
	list, err := a.store.Tags(ctx)
	if err != nil {
		return nil, err
	}
	out := &tagsOutput{}
	out.Body.Tags = []Tag{}
	for _, t := range list {
		out.Body.Tags = append(out.Body.Tags, Tag{t.Name, t.Messages})
	}
	return out, nil
}

// A FailedSession ended without a message.
type FailedSession struct {
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Session *Session  `json:"session"`
	Lines   []Line    `json:"transcript"`
}

type failedSessionsOutput struct {
	Body struct {
		Sessions []FailedSession `json:"sessions"`
	}
}

func (a *API) failedSessions(ctx context.Context, in *struct {
	Before uint64 `query:"before" doc:"Only sessions below this seq: the last of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}) (*failedSessionsOutput, error) {
	list, err := a.store.FailedSessions(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &failedSessionsOutput{}
	out.Body.Sessions = []FailedSession{}
	for _, f := range list {
		out.Body.Sessions = append(out.Body.Sessions, FailedSession{f.Seq, f.At.UTC(), f.Reason, session(f.Session), lines(f.Session)})
	}
	return out, nil
}

type infoOutput struct {
	Body struct {
		Version    string `json:"version"`
		Messages   int    `json:"messages"`
		Unread     int    `json:"unread"`
		Unscored   int    `json:"unscored"`
		Bytes      int64  `json:"bytes"`
		DiskBytes  int64  `json:"disk_bytes"`
		Seq        uint64 `json:"seq" doc:"The last message that was acknowledged"`
		IndexedSeq uint64 `json:"indexed_seq" doc:"The last message that can be searched"`
	}
}

func (a *API) info(ctx context.Context, _ *struct{}) (*infoOutput, error) {
	if err := a.store.WaitRecent(ctx); err != nil {
		return nil, err
	}
	s, err := a.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	out := &infoOutput{}
	out.Body.Version, out.Body.Messages, out.Body.Unread, out.Body.Unscored = a.config.Version, s.Messages, s.Unread, s.Unscored
	out.Body.Bytes, out.Body.DiskBytes, out.Body.Seq, out.Body.IndexedSeq = s.Bytes, s.DiskBytes, s.Seq, s.IndexedSeq
	return out, nil
}
