package arc

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/proto/authres"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

// A set holds the indexes of the three fields of an instance; absent: -1.
type set struct{ results, message, seal int }

const absent = -1

// The three fields of a set (RFC 8617 §4.1).
const (
	resultsField = "ARC-Authentication-Results"
	messageField = "ARC-Message-Signature"
	sealField    = "ARC-Seal"
)

// collect gathers the sets of a message. The error says why they are no chain:
// every instance from 1 on has exactly one field of each kind (RFC 8617 §4.2).
func collect(m *dkim.Message) ([]Instance, error) {
	c := &collector{m: m, sets: map[int]*Instance{}}
	c.add(resultsField, c.readResults)
	c.add(messageField, c.readMessageSignature)
	c.add(sealField, c.readSeal)
	instances := c.inOrder()
	if c.err != nil {
		return instances, c.err
	}
	for n := range instances {
		if err := instances[n].complete(n + 1); err != nil {
			instances[n].Error = err.Error()
			return instances, err
		}
	}
	return instances, nil
}

type collector struct {
	m    *dkim.Message
	sets map[int]*Instance
	err  error // the first
}

// add reads the fields of one name; read returns the place of a field in its set.
func (c *collector) add(name string, read func(index int) (place *int, err error)) {
	for _, index := range c.m.Fields(name) {
		place, err := read(index)
		switch {
		case err != nil:
			c.fail(fmt.Errorf("%s: %w", name, err))
		case *place != absent:
			c.fail(fmt.Errorf("%s is there twice for one instance", name))
		default:
			*place = index
		}
	}
}

func (c *collector) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// set returns the set of an instance, which is a number from 1 to 50.
func (c *collector) set(text string) (*Instance, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxInstances || text[0] == '+' {
		return nil, fmt.Errorf("i=%.20q is no number from 1 to %d", text, MaxInstances)
	}
	if c.sets[n] == nil {
		c.sets[n] = &Instance{Instance: n, fields: set{absent, absent, absent}}
	}
	return c.sets[n], nil
}

// readResults reads "i=1; authserv-id; …". What is odd behind the instance does
// not make the chain fail: the seals cover the text, not its meaning.
func (c *collector) readResults(index int) (*int, error) {
	field, issues := authres.ParseARC(c.m.Value(index))
	if field.PayloadAt == 0 {
		return nil, errors.New("does not begin with i= and a semicolon")
	}
	i, err := c.set(field.Instance)
	if err != nil {
		return nil, err
	}
	if i.fields.results == absent {
		i.Results = strings.Trim(field.Text[field.PayloadAt:], " \t\r\n")
		i.AuthRes, i.AuthResIssues = &field, issues
	}
	return &i.fields.results, nil
}

func (c *collector) readMessageSignature(index int) (*int, error) {
	tags, _ := dkim.ParseTagList(c.m.Value(index)) // its faults are the verifier's business
	i, err := c.set(value(tags, "i"))
	if err != nil {
		return nil, err
	}
	return &i.fields.message, nil
}

func (c *collector) readSeal(index int) (*int, error) {
	tags, _ := dkim.ParseTagList(c.m.Value(index))
	i, err := c.set(value(tags, "i"))
	if err != nil {
		return nil, err
	}
	if i.fields.seal == absent {
		i.Domain, i.CV = value(tags, "d"), strings.ToLower(value(tags, "cv"))
	}
	return &i.fields.seal, nil
}

func value(tags []dkim.Tag, name string) string {
	if i := slices.IndexFunc(tags, func(t dkim.Tag) bool { return t.Name == name }); i >= 0 {
		return tags[i].Value
	}
	return ""
}

func (c *collector) inOrder() []Instance {
	instances := []Instance{}
	for n := 1; n <= MaxInstances; n++ {
		if i := c.sets[n]; i != nil {
			instances = append(instances, *i)
		}
	}
	return instances
}

// complete says what an instance lacks, which ought to be the nth.
func (i *Instance) complete(n int) error {
	if i.Instance != n {
		return fmt.Errorf("instance %d is missing", n)
	}
	for _, field := range []struct {
		name  string
		index int
	}{{resultsField, i.fields.results}, {messageField, i.fields.message}, {sealField, i.fields.seal}} {
		if field.index == absent {
			return fmt.Errorf("instance %d has no %s", n, field.name)
		}
	}
	return nil
}
