package cmd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/postmuster/postmuster/internal/sink/api"
	"github.com/postmuster/postmuster/internal/sink/client"
	"github.com/postmuster/postmuster/internal/sink/fault"
)

const (
	// maxExpectBytes bounds a file of expectations, which is written by hand.
	maxExpectBytes = 64 << 10
	// maxExpectNesting bounds how deep its brackets nest: the time of the YAML
	// parser grows with the square of that, and two levels are needed.
	maxExpectNesting = 20
)

// longestWait is the longest time for which the API waits.
const longestWait = 5 * time.Minute

// expectations are what a file says that a run of the sink should have received.
type expectations struct {
	name string // of the file
	text []byte

	Timeout string        `yaml:"timeout"` // how long to wait for it at the end
	Settle  string        `yaml:"settle"`
	Expect  []expectation `yaml:"expect"`
}

type expectation struct {
	api.Condition `yaml:",inline"`
}

func (e *expectation) label() string { return cmp.Or(e.Name, client.Describe(e.Condition)) }

// readExpectations reads a file. An error names the file, the line and the column.
func readExpectations(path string) (*expectations, error) {
	f, err := openFile(path, "a YAML file of what should arrive")
	if err != nil {
		return nil, fmt.Errorf("--expect %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxExpectBytes+1))
	if err != nil {
		return nil, fmt.Errorf("--expect %w", err)
	}
	return parseExpectations(path, text)
}

func parseExpectations(name string, text []byte) (e *expectations, err error) {
	if len(text) > maxExpectBytes {
		return nil, fmt.Errorf("--expect %s: longer than %d bytes", name, maxExpectBytes)
	}
	if nesting(text) > maxExpectNesting {
		return nil, fmt.Errorf("--expect %s: brackets nest more than %d deep", name, maxExpectNesting)
	}
	e = &expectations{name: name, text: text}
	defer func() {
		if r := recover(); r != nil { // the library meets hostile input here
			e, err = nil, fmt.Errorf("--expect %s: not YAML: %v", name, r)
		}
	}()
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(e)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(e.Expect) == 0:
		return nil, fmt.Errorf("--expect %s: nothing is expected: a list named expect is missing", name)
	case err != nil:
		return nil, fmt.Errorf("--expect %s%s", name, yamlProblem(err))
	}
	return e, e.checkTimes()
}

// nesting returns how deep the brackets of a text nest at most.
func nesting(text []byte) (deepest int) {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return deepest
}

// checkTimes reads what the sink is told only at the end.
func (e *expectations) checkTimes() error {
	timeout, err := time.ParseDuration(cmp.Or(e.Timeout, "0s"))
	if err != nil || timeout < 0 || timeout > longestWait {
		return e.at("timeout", fmt.Sprintf("%q is not a time like 500ms or 10s, at most %s", e.Timeout, longestWait))
	}
	if settle, err := time.ParseDuration(cmp.Or(e.Settle, "0s")); err != nil || settle < 0 || settle > timeout {
		return e.at("settle", fmt.Sprintf("%q is not a time like 500ms, and not longer than the timeout", e.Settle))
	}
	return nil
}

// yamlProblem says what is wrong in a file, and where: ":3:5: unknown key "too"".
func yamlProblem(err error) string {
	at, ok := errors.AsType[interface {
		error
		GetMessage() string
		GetToken() *token.Token
	}](err)
	if !ok || at.GetToken() == nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return ": " + first
	}
	position, message := at.GetToken().Position, at.GetMessage()
	switch e := any(at).(type) {
	case *yaml.UnknownFieldError:
		message = fmt.Sprintf("unknown key %q; there are timeout, settle, expect, and in it name, to, from, subject, inbox, query, min, max, exact, none", e.Token.Value)
	case *yaml.SyntaxError:
		message = fault.SyntaxProblem(e)
	case *yaml.TypeError:
		message = fmt.Sprintf("%q is not %s", e.Token.Value, kindName(e.DstType))
	}
	return fmt.Sprintf(":%d:%d: %s", position.Line, position.Column, message)
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	default:
		return "what belongs here"
	}
}

// at points at what the sink found wrong: a location such as expect[0].query.
func (e *expectations) at(location, message string) error {
	place := ""
	if path, err := yaml.PathString("$." + location); err == nil {
		if node, err := path.ReadNode(bytes.NewReader(e.text)); err == nil && beginOf(node) != nil {
			p := beginOf(node).Position
			place = fmt.Sprintf(":%d:%d", p.Line, p.Column)
		}
	}
	return fmt.Errorf("--expect %s%s: %s: %s", e.name, place, location, message)
}

// beginOf returns where a node begins: that of a mapping is its first key, not
// the colon behind it.
func beginOf(node ast.Node) *token.Token {
	switch n := node.(type) {
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	}
	return node.GetToken()
}

func (e *expectations) conditions() []api.Condition {
	conditions := make([]api.Condition, len(e.Expect))
	for i := range e.Expect {
		conditions[i] = e.Expect[i].Condition
	}
	return conditions
}

// check lets the sink read the conditions, before anything is done that takes
// time: only it knows its searches.
func (e *expectations) check(ctx context.Context, c *client.Client) error {
	_, err := c.Expect(ctx, e.conditions(), api.Span{Timeout: "0s"})
	refused, ok := errors.AsType[*client.StatusError](err)
	switch {
	case err == nil, errors.As(err, new(*api.Unmet)):
		return nil
	case ok && len(refused.Places) > 0:
		return e.at(strings.TrimPrefix(refused.Places[0].Location, "body."), refused.Places[0].Message)
	default:
		return fmt.Errorf("--expect %s: %w", e.name, err)
	}
}

// needScores reports whether a condition looks at what was found out.
func (e *expectations) needScores() bool {
	for _, x := range e.Expect {
		if strings.Contains(x.Query, "score:") || strings.Contains(x.Query, "check:") {
			return true
		}
	}
	return false
}

// judge returns what came of each expectation, looking at messages behind a
// sequence number only.
func (e *expectations) judge(ctx context.Context, c *client.Client, after uint64) ([]api.Outcome, error) {
	outcomes, err := c.Expect(ctx, e.conditions(), api.Span{Timeout: cmp.Or(e.Timeout, "0s"), Settle: e.Settle, AfterSeq: after})
	if unmet, ok := errors.AsType[*api.Unmet](err); ok {
		return unmet.Outcomes, nil
	}
	return outcomes, err
}

// writeUnmet says what was expected and did not come.
func (e *expectations) writeUnmet(w io.Writer, outcomes []api.Outcome) (unmet int) {
	for i, o := range outcomes {
		if o.Met {
			continue
		}
		unmet++
		fmt.Fprintf(w, "not met: %s: %s\n", e.Expect[i].label(), strings.ReplaceAll(client.Explain(o), "\n", "\n  "))
	}
	return unmet
}

// The elements of a JUnit file that CI systems read.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

// writeJUnit writes what came of the expectations as JUnit's XML.
func (e *expectations) writeJUnit(w io.Writer, outcomes []api.Outcome, began time.Time, took time.Duration) error {
	suite := junitSuite{
		Name: e.name, Tests: len(outcomes), Time: seconds(took), Timestamp: began.UTC().Format("2006-01-02T15:04:05"),
	}
	for i, o := range outcomes {
		c := junitCase{Class: "postmuster.sink", Name: e.Expect[i].label(), Time: "0"}
		if !o.Met {
			suite.Failures++
			text := client.Explain(o)
			first, _, _ := strings.Cut(text, "\n")
			c.Failure = &junitFailure{Message: strings.TrimSuffix(first, ":"), Type: "expectation", Text: text}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	err := encoder.Encode(junitSuites{Name: "postmuster sink", Tests: suite.Tests, Failures: suite.Failures, Suites: []junitSuite{suite}})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
