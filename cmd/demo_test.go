package cmd

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemoKeepsWhatItSent also compares the README's excerpt with the demo.
func TestDemoKeepsWhatItSent(t *testing.T) {
	l := testEnv(t)
	env := *l.Env
	out := newWatched()
	env.Now, env.Out, env.Err = time.Now, out, io.Discard
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- Run(ctx, &env, []string{"demo", "--keep"}) }()
	address := awaitURL(t, out, code)
	defer func() {
		cancel()
		if got := <-code; got != exitMet {
			t.Errorf("demo --keep ended with %d\n%s", got, out)
		}
	}()

	res, err := http.Get(address + "/api/postmuster/v1/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ Total int }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || list.Total != 2 {
		t.Errorf("the page of demo --keep has %d messages (%v), want the two that were sent", list.Total, err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^  score    .*$`).FindString(string(text))
	if line == "" || !strings.Contains(out.String(), line) {
		t.Errorf("%s shows %q, which the demo does not print", readme, line)
	}
}

// awaitURL returns the address of the sink's page once the demo has said it.
func awaitURL(t *testing.T, out *watched, code chan int) string {
	t.Helper()
	for {
		select {
		case line := <-out.lines:
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "http://127.") {
				return line
			}
		case got := <-code:
			t.Fatalf("demo --keep ended with %d\n%s", got, out)
		}
	}
}
