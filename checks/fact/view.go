package fact

import "fmt"

// A View is what one check may read of a Set.
type View struct {
	set      *Set
	declared []Key
}

// NewView returns a view of the declared facts, which have been gathered
// without error.
func NewView(s *Set, declared []Key) *View { return &View{set: s, declared: declared} }

func (v *View) value(k Key) any {
	for _, d := range v.declared {
		if d == k {
			v.set.mu.Lock()
			c := v.set.cells[k]
			v.set.mu.Unlock()
			if c == nil {
				panic("fact: " + k.Name() + " has not been gathered")
			}
			return c.value
		}
	}
	panic(UndeclaredError{Fact: k.Name()})
}

// UndeclaredError is what reading a fact that the check did not declare panics
// with: it would have been there by luck only.
type UndeclaredError struct{ Fact string }

func (e UndeclaredError) Error() string {
	return fmt.Sprintf("the check reads %q, which its Needs do not declare", e.Fact)
}
