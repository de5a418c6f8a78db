package store

import (
	"context"
	"errors"

	"github.com/postmuster/postmuster/internal/message"
)

var errStub = errors.New("not written yet")

type (
	engine struct{}
	events struct{}
	term   struct{}
)

func open(Config) (*Store, error)                                         { return nil, errStub }
func (engine) close() error                                               { return errStub }
func (engine) add(context.Context, *message.Message) (Receipt, error)     { return Receipt{}, errStub }
func (engine) get(context.Context, string) (*Record, error)               { return nil, errStub }
func (engine) raw(context.Context, string) ([]byte, error)                { return nil, errStub }
func (engine) message(context.Context, string) (*message.Message, error)  { return nil, errStub }
func (engine) session(context.Context, string) (*message.Message, error)  { return nil, errStub }
func (engine) report(context.Context, string) (*Report, error)            { return nil, errStub }
func (engine) setReport(context.Context, string, *Report) error           { return errStub }
func (engine) unscored(context.Context, uint64, int) ([]Receipt, error)   { return nil, errStub }
func (engine) waitSeq(context.Context, uint64) error                      { return errStub }
func (engine) delete(context.Context, []string) (int, error)              { return 0, errStub }
func (engine) deleteMatching(context.Context, *Search) (int, error)       { return 0, errStub }
func (engine) setTags(context.Context, []string, []string) error          { return errStub }
func (engine) setRead(context.Context, bool, []string) error              { return errStub }
func (engine) setReadMatching(context.Context, bool, *Search) error       { return errStub }
func (engine) inboxes(context.Context) ([]Inbox, error)                   { return nil, errStub }
func (engine) tags(context.Context) ([]Tag, error)                        { return nil, errStub }
func (engine) stats(context.Context) (Stats, error)                       { return Stats{}, errStub }
func (engine) addSession(context.Context, *message.Session, string) error { return errStub }
func (engine) failedSessions(context.Context, uint64, int) ([]FailedSession, error) {
	return nil, errStub
}
func (engine) list(context.Context, Query) (*Page, error) { return nil, errStub }
func (engine) subscribe(string) *Subscription             { return nil }
func (*Subscription) wait(context.Context) (Event, error) { return Event{}, errStub }
func parseSearch(string) (*Search, error)                 { return nil, errStub }
