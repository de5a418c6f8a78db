package web

import (
	"io/fs"
	"regexp"
	"testing"
)

// written matches a path of ours as a program or a template writes it.
var written = regexp.MustCompile("(at\\(|at |startsWith\\()?[\"'`](/(?:api|messages|sessions|delete|read|compare|assets|icon|\\?)[^\"'`\\s]*)")

// TestPathsHaveTheirPrefix looks for paths that work without a prefix only.
func TestPathsHaveTheirPrefix(t *testing.T) {
	seen := 0
	for _, files := range []fs.FS{assetFiles, templateFiles} {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, name)
			for _, m := range written.FindAllStringSubmatch(string(text), -1) {
				seen++
				if m[1] == "" {
					t.Errorf("%s: %s is not written with at", name, m[2])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 15 {
		t.Errorf("only %d paths were found: the test looks for the wrong thing", seen)
	}
}
