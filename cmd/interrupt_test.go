package cmd

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// An endless wait for standard input, as on a terminal, ends with Ctrl-C.
func TestAnInterruptionEndsAReadOfStandardInput(t *testing.T) {
	for _, args := range [][]string{
		{"score", "-"}, {"audit", "-"}, {"lint", "--kind", "spf", "--text", "-"}, {"dkim", "verify", "-"},
	} {
		t.Run(args[0], func(t *testing.T) {
			l := testEnv(t)
			l.zone("")
			in, typing := io.Pipe()
			defer typing.Close()
			ctx, interrupt := context.WithCancel(t.Context())
			env := *l.Env
			env.In = &firstRead{r: in, then: interrupt}
			var out, err bytes.Buffer
			env.Out, env.Err = &out, &err
			if args[0] != "lint" {
				args = append(args, "--resolver", l.resolver)
			}
			code := Run(ctx, &env, args)
			if code != exitUndecided || err.String() != "postmuster: interrupted\n" {
				t.Errorf("exit code %d, error output %q, want %d and the word interrupted", code, &err, exitUndecided)
			}
		})
	}
}

// firstRead says when somebody begins to wait for input.
type firstRead struct {
	r    io.Reader
	then func()
}

func (f *firstRead) Read(p []byte) (int, error) {
	f.then()
	return f.r.Read(p)
}

func TestInterruptibleReadsAll(t *testing.T) {
	text := strings.Repeat("one line of many\n", readAhead/8)
	if err := iotest.TestReader(interruptible(nil, strings.NewReader(text)), []byte(text)); err != nil {
		t.Error(err)
	}
}
