// Package archtest keeps the rooms of the project apart: who may import whom is
// written down here, and a package that has no rule may import nothing.
//
// One way, no way back: probes, facts, checks, verdict, report.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/postmuster/postmuster/"

// words are the packages that say what was asked and answered, without asking.
var words = []string{"internal/dns", "internal/smtp", "internal/https", "internal/message"}

// mayImport says which packages of the project a room may import. The longest
// prefix that fits a package counts; "room/..." stands for all packages below.
var mayImport = map[string][]string{
	"internal/dns":     {},
	"internal/smtp":    {},
	"internal/https":   {},
	"internal/message": {"internal/smtp"},

	// What mail clients make of HTML: text in, findings out.
	"internal/htmlsupport": {},

	"internal/proto":     {"internal/dns"},
	"internal/proto/arc": {"internal/dns", "internal/proto/dkim", "internal/proto/authres"},

	"internal/probe": append([]string{"internal/probe/dns/wire"}, words...),

	"checks/fact":  words,
	"checks":       {"checks/fact"},
	"checks/facts": append([]string{"checks", "checks/fact", "internal/proto/..."}, words...),
	"checks/all":   {"checks", "checks/..."},
	// It is no check but a tool for the tests of others, and brings a whole sink.
	"checks/postmustertest": {
		"checks", "checks/all", "checks/fact", "internal/audit", "internal/dns", "internal/message", "internal/report",
		"internal/probe/recording", "internal/probe/zone", "internal/sink", "internal/sink/api", "internal/sink/client",
	},
	"checks/": append([]string{"checks", "checks/fact", "checks/facts", "internal/proto/..."}, words...),

	"internal/engine":  {"checks", "checks/fact"},
	"internal/verdict": {"checks"},
	"internal/report":  {"checks", "internal/verdict"},
	"internal/audit": {
		"checks", "checks/fact", "checks/facts", "internal/engine", "internal/verdict", "internal/report",
		"internal/dns", "internal/message",
	},
	"internal/sink": {
		"internal/sink/...", "internal/htmlsupport", "internal/message", "internal/smtp", "internal/report", "internal/verdict", "checks",
	},

	"cmd":            {"checks", "checks/...", "internal/..."},
	"cmd/postmuster": {"cmd", "checks/all"},

	"internal/testkit":  {"internal/...", "checks", "checks/..."},
	"internal/bench":    {"internal/...", "checks", "checks/..."},
	"internal/archtest": {},
}

// testkitIn are the packages outside of tests that may use the fakes: the demo
// is one on purpose.
var testkitIn = []string{"cmd", "internal/bench", "internal/testkit"}

// A check is pure: no network, no clock of its own, no files, no context.
var impure = []string{"context", "net", "net/http", "net/smtp", "os", "os/exec", "time/tzdata", "log", "log/slog"}

func TestImports(t *testing.T) {
	for dir, imports := range packages(t) {
		room := roomOf(dir)
		if room == "" {
			t.Errorf("%s has no rule in mayImport; which room is it in?", dir)
			continue
		}
		for _, imported := range imports {
			if name, ours := strings.CutPrefix(imported, module); ours {
				judge(t, dir, room, name)
			} else if isCheckPackage(dir) && slices.Contains(impure, imported) {
				t.Errorf("%s imports %s: a check is one pure function from facts to findings", dir, imported)
			}
		}
	}
}

func judge(t *testing.T, dir, room, imported string) {
	t.Helper()
	if !allowed(mayImport[room], imported) {
		t.Errorf("%s imports %s, which the rule for %q does not allow", dir, imported, room)
	}
	if strings.HasPrefix(imported, "internal/testkit/") && !slices.ContainsFunc(testkitIn, func(p string) bool { return within(dir, p) }) {
		t.Errorf("%s imports %s: fakes are for tests", dir, imported)
	}
}

// TestOnlyOneRoomKnowsALibrary keeps the types of libraries that are hidden
// behind our own from leaking out of their room.
func TestOnlyOneRoomKnowsALibrary(t *testing.T) {
	homes := map[string][]string{
		"github.com/miekg/dns":           {"internal/probe", "internal/testkit", "internal/bench"},
		"github.com/emersion/go-smtp":    {"internal/sink/smtp", "internal/testkit", "internal/bench"},
		"github.com/emersion/go-msgauth": {"internal/proto"},
		"github.com/spf13/cobra":         {"cmd"},
		"github.com/tdewolff/parse":      {"internal/htmlsupport"},
		"modernc.org/sqlite":             {"internal/sink/store"},
		"database/sql":                   {"internal/sink/store"},
	}
	for dir, imports := range packages(t) {
		for _, imported := range imports {
			for library, rooms := range homes {
				if within(imported, library) && !slices.ContainsFunc(rooms, func(r string) bool { return within(dir, r) }) {
					t.Errorf("%s imports %s; only %s may", dir, imported, strings.Join(rooms, ", "))
				}
			}
		}
	}
}

// packages returns the imports of every package of the module, those of tests
// left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && skipped(file, d) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[dir] = append(found[dir], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(found))
	}
	return found
}

// skipped reports whether a folder holds no packages of this module.
func skipped(dir string, d fs.DirEntry) bool {
	if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func roomOf(dir string) string {
	room := ""
	for prefix := range mayImport {
		if fits(dir, prefix) && len(prefix) > len(room) {
			room = prefix
		}
	}
	return room
}

// fits reports whether a room's rule is for dir. A rule that ends in a slash is
// for what lies below; those of checks and cmd are for them alone.
func fits(dir, prefix string) bool {
	switch prefix {
	case "checks", "cmd":
		return dir == prefix
	case "checks/":
		return strings.HasPrefix(dir, prefix)
	default:
		return within(dir, prefix)
	}
}

func isCheckPackage(dir string) bool { return roomOf(dir) == "checks/" }

func allowed(rules []string, imported string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		prefix, all := strings.CutSuffix(rule, "/...")
		return imported == rule || all && within(imported, prefix)
	})
}

// within reports whether a package is dir or below it.
func within(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

// TestRoomOf keeps the test itself honest.
func TestRoomOf(t *testing.T) {
	for dir, want := range map[string]string{
		"checks": "checks", "checks/spf": "checks/", "checks/facts": "checks/facts", "checks/fact": "checks/fact",
		"internal/proto/spf": "internal/proto", "internal/proto/arc": "internal/proto/arc", "internal/probe/dns/wire": "internal/probe",
		"cmd": "cmd", "cmd/postmuster": "cmd/postmuster", "cmd/other": "", "elsewhere": "", "internal/sinks": "",
	} {
		if got := roomOf(dir); got != want {
			t.Errorf("roomOf(%q) = %q, want %q", dir, got, want)
		}
	}
	if !allowed([]string{"internal/proto/..."}, path.Join("internal", "proto", "spf")) || allowed([]string{"internal/proto/..."}, "internal/protocol") {
		t.Error("allowed() does not understand /...")
	}
}
