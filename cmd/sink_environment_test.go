package cmd

import (
	"net/http"
	"strings"
	"testing"
)

// environment gives the lab's commands these variables of a sink.
func (l *lab) environment(variables map[string]string) {
	l.Getenv = func(name string) string { return variables[name] }
}

func TestSinkIsSetUpByTheEnvironment(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	l.environment(map[string]string{
		"POSTMUSTER_SINK_SMTP":          freeAddr,
		"POSTMUSTER_SINK_HTTP":          "taken from the command line",
		"POSTMUSTER_SINK_RESOLVER":      l.resolver,
		"POSTMUSTER_SINK_NO_BLOCKLISTS": "true",
		"POSTMUSTER_SINK_TOKEN":         "s3cret",
		"POSTMUSTER_SINK_TAG":           "spring=subject:spring,shop\nann=from:ann@example.com\n",
		"POSTMUSTER_SINK_MAX_AGE":       "",
	})
	s := l.startSink("sink", "--http", freeAddr)
	s.smtp, s.url = s.ready["smtp"], "http://"+s.ready["http"]
	if said := s.err.String(); !strings.Contains(said, "gave --no-blocklists, --resolver, --smtp, --tag, --token\n") || strings.Contains(said, "s3cret") {
		t.Errorf("the sink says at start\n%s", said)
	}
	s.send("bob@example.net", "Subject: Hello\n\nHello\n")
	request, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/postmuster/v1/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{"": "401", "s3cret": `"tags":["ann"]`} {
		request.Header.Set("Authorization", "Bearer "+token)
		s.answers(request, want)
	}
}

// answers asks the sink for something; the status and the body together hold want.
func (s *startedSink) answers(request *http.Request, want string) {
	s.t.Helper()
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var got strings.Builder
	if err := res.Write(&got); err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(got.String(), " ", ""), want) {
		s.t.Errorf("the sink answers\n%s\nwant %s", got.String(), want)
	}
}

func TestAnErrorNamesTheVariable(t *testing.T) {
	for variable, test := range map[string]struct{ value, want string }{
		"POSTMUSTER_SINK_INSECURE":     {"yes", `postmuster: POSTMUSTER_SINK_INSECURE: "yes" is neither true nor false`},
		"POSTMUSTER_SINK_MAX_AGE":      {"x", `postmuster: POSTMUSTER_SINK_MAX_AGE: "x" is not a time like 90m, 12h or 7d`},
		"POSTMUSTER_SINK_MAX_MESSAGES": {"-1", "--max-messages -1: it must be more than 0 (from POSTMUSTER_SINK_MAX_MESSAGES)"},
		"POSTMUSTER_SINK_TAG":          {"a=b\nnews", `--tag "news": a rule is written NAME=SEARCH (from POSTMUSTER_SINK_TAG)`},
		"POSTMUSTER_SINK_REPLAY":       {"none.rec", "(from POSTMUSTER_SINK_REPLAY)"},
	} {
		l := testEnv(t)
		l.environment(map[string]string{variable: test.value})
		l.wantUsage(l.ask("sink", "--smtp", freeAddr, "--http", freeAddr), test.want)
	}
}

func TestSinkSaysWhoIsAskedAboutSenders(t *testing.T) {
	l := testEnv(t)
	root := l.file("root.zone", ". SOA a. b. 1 1 1 1 1\n")
	s := l.startSink("sink", "--smtp", freeAddr, "--http", freeAddr, "--zone", root)
	if said := s.err.String(); !strings.Contains(said, "none leaves this machine") || strings.Contains(said, "system's resolver") {
		t.Errorf("with a zone file of the root, the sink says at start\n%s", said)
	}
}
