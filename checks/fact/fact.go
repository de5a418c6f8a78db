// Package fact gathers what checks judge: each fact once for a subject, when it
// is first asked for, however many checks and other facts need it.
//
// A fact is declared once, as a package-level variable, and its value lives in a
// Set, one for each subject. A value says what was found, and "there is none" is
// a value too; an error means only that it could not be found out. A NotAsked
// error means that the user did not want it asked.
//
// How facts are gathered from the network stands in package facts. Checks read
// them through a View, which holds only what the check declared.
package fact

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// A Key names a fact; it is what a check lists in its Needs.
type Key interface {
	Name() string
	gatherAny(ctx context.Context, s *Set) (any, error)
}

// A Fact is one thing that can be found out about a subject.
type Fact[T any] struct {
	name   string
	gather func(context.Context, *Set) (T, error)
}

// New declares a fact. The name is for messages: "SPF records". The function is
// called at most once for each Set; it may ask for other facts, but not, even
// indirectly, for itself.
func New[T any](name string, gather func(context.Context, *Set) (T, error)) *Fact[T] {
	return &Fact[T]{name: name, gather: gather}
}

// Name returns the name that the fact was declared with.
func (f *Fact[T]) Name() string { return f.name }

func (f *Fact[T]) gatherAny(ctx context.Context, s *Set) (any, error) { return f.gather(ctx, s) }

// Get returns the fact's value for the set's subject, gathering it if that has
// not been done. Concurrent callers share one gathering. It is for other facts;
// checks use Of.
func (f *Fact[T]) Get(ctx context.Context, s *Set) (T, error) {
	v, err := s.get(ctx, f)
	t, _ := v.(T) // v is nil when T is an interface and its value nil, or after an error
	return t, err
}

// Of returns the fact's value to a check. It panics when the check did not
// declare the fact in Needs.
func (f *Fact[T]) Of(v *View) T {
	t, _ := v.value(f).(T)
	return t
}

// A Set holds the facts about one subject, and what is needed to gather them.
type Set struct {
	Subject Subject
	Options Options
	Net     Net

	mu    sync.Mutex
	cells map[Key]*cell
}

// NewSet returns an empty set for a subject.
func NewSet(subject Subject, options Options, net Net) *Set {
	return &Set{Subject: subject, Options: options, Net: net, cells: map[Key]*cell{}}
}

type cell struct {
	once  sync.Once
	known atomic.Bool // value and err are there to stay
	value any
	err   error
}

func (s *Set) cell(k Key) *cell {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.cells[k]
	if !ok {
		c = &cell{}
		s.cells[k] = c
	}
	return c
}

func (s *Set) get(ctx context.Context, k Key) (any, error) {
	c := s.cell(k)
	if !c.known.Load() {
		ctx = enter(ctx, k)
		c.once.Do(func() {
			c.value, c.err = gather(ctx, s, k)
			c.known.Store(true)
		})
	}
	return c.value, c.err
}

// gather calls the fact's function. A panic in it is our bug, not the subject's:
// it becomes a *PanicError for whoever needs the fact.
func gather(ctx context.Context, s *Set, k Key) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Fact: k.Name(), Value: p, Stack: debug.Stack()}
		}
	}()
	return k.gatherAny(ctx, s)
}

// Gather gathers the facts named by keys, concurrently, and returns the first
// error in the order of keys.
func (s *Set) Gather(ctx context.Context, keys []Key) error {
	var wg sync.WaitGroup
	for _, k := range keys {
		if !s.cell(k).known.Load() {
			wg.Go(func() { s.get(ctx, k) })
		}
	}
	wg.Wait()
	for _, k := range keys {
		if err := s.cell(k).err; err != nil {
			return err
		}
	}
	return nil
}

// A PanicError says that the code that gathers a fact panicked.
type PanicError struct {
	Fact  string
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("gathering %s: panic: %v", e.Fact, e.Value) }

// NotAsked is the error of a fact that the user chose not to have gathered.
// Checks that need it are skipped, with the reason.
type NotAsked struct {
	Reason string // "--no-smtp"
}

func (e *NotAsked) Error() string { return "not asked: " + e.Reason }

type pathKey struct{}

// enter notes in ctx that k is being gathered. A fact that waits for itself
// would wait for ever, so it panics: that is a mistake in the declarations.
func enter(ctx context.Context, k Key) context.Context {
	path, _ := ctx.Value(pathKey{}).([]Key)
	if slices.Contains(path, k) {
		panic("fact: " + k.Name() + " needs itself")
	}
	return context.WithValue(ctx, pathKey{}, append(slices.Clip(path), k))
}
