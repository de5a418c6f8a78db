// Compact makes caniemail.json, which is built into the program, of the file
// that the npm package caniemail brings:
//
//	npm pack caniemail && tar xf caniemail-*.tgz
//	go run ./internal/htmlsupport/compact <package/data/caniemail.json >internal/htmlsupport/caniemail.json
//
// Of each feature it keeps what is shown, and how the newest version of each
// client that was tested supports it. Left out are clients that were tested for a
// handful of features only.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fewTests is for how many features a client must have been tested to be listed.
const fewTests = 20

// source is what we read of the package's file.
type source struct {
	Updated string `json:"last_update_date"`
	Names   struct {
		Family, Platform map[string]string
	} `json:"nicenames"`
	Features []feature `json:"data"`
}

type feature struct {
	Slug        string                         `json:"slug"`
	Title       string                         `json:"title"`
	Description string                         `json:"description,omitempty"`
	Category    string                         `json:"category"`
	Keywords    string                         `json:"keywords,omitempty"`
	Tags        []string                       `json:"tags,omitempty"`
	Notes       map[string]string              `json:"notes_by_num,omitempty"`
	Stats       map[string]map[string]versions `json:"stats,omitempty"`
	Support     string                         `json:"support,omitempty"`
}

type client struct {
	ID     string `json:"id"`
	Family string `json:"family"`
	Name   string `json:"name"`
}

func main() {
	if err := compact(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compact:", err)
		os.Exit(1)
	}
}

func compact(from io.Reader, to io.Writer) error {
	var in source
	if err := json.NewDecoder(from).Decode(&in); err != nil {
		return err
	}
	clients := in.clients()
	var out bytes.Buffer // one line for each feature and client, so that an update can be reviewed
	fmt.Fprintf(&out, "{\n\"updated\": %q,\n\"clients\": [\n", in.Updated[:len("2006-01-02")])
	for i, c := range clients {
		writeLine(&out, c, i == len(clients)-1)
	}
	out.WriteString("],\n\"features\": [\n")
	slices.SortFunc(in.Features, func(a, b feature) int { return cmp.Compare(a.Slug, b.Slug) })
	for i, f := range in.Features {
		f.Support = f.support(clients)
		f.Stats = nil
		writeLine(&out, f, i == len(in.Features)-1)
	}
	out.WriteString("]\n}\n")
	_, err := to.Write(out.Bytes())
	return err
}

func writeLine(out *bytes.Buffer, v any, last bool) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings alone
	}
	if !last {
		out.Truncate(out.Len() - 1)
		out.WriteString(",\n")
	}
}

// clients are those that were tested, by their IDs.
func (s *source) clients() []client {
	tested := map[string]int{}
	for _, f := range s.Features {
		for family, platforms := range f.Stats {
			for platform := range platforms {
				tested[family+"."+platform]++
			}
		}
	}
	var list []client
	for _, id := range slices.Sorted(maps.Keys(tested)) {
		if tested[id] < fewTests {
			continue
		}
		family, platform, _ := strings.Cut(id, ".")
		c := client{ID: id, Family: cmp.Or(s.Names.Family[family], family)}
		switch platform {
		case "outlook-com", "windows-mail": // each is a program of its own
			c.Name = s.Names.Platform[platform]
		case "desktop-webmail", "mobile-webmail":
			c.Name = c.Family + " " + strings.ReplaceAll(strings.TrimPrefix(platform, "desktop-"), "-", " ")
		default:
			c.Name = c.Family + " " + cmp.Or(s.Names.Platform[platform], platform)
		}
		list = append(list, c)
	}
	return list
}

// support is a word for each client: y, a for partly or n, the notes on it, and
// the version that was tested behind @; - when it is not known.
func (f *feature) support(clients []client) string {
	var words []string
	for _, c := range clients {
		family, platform, _ := strings.Cut(c.ID, ".")
		v := f.Stats[family][platform].newest()
		level, notes, _ := strings.Cut(v.support, " ")
		if level == "" || level == "u" {
			words = append(words, "-")
			continue
		}
		notes = strings.ReplaceAll(strings.ReplaceAll(notes, "#", ""), " ", ",")
		words = append(words, level+notes+"@"+v.name)
	}
	return strings.Join(words, " ")
}

// versions are in the order of the file, which mostly is that of time.
type versions []version

type version struct{ name, support string }

// UnmarshalJSON keeps the order.
func (v *versions) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := version{name: name.(string)}
		if err := d.Decode(&one.support); err != nil {
			return err
		}
		*v = append(*v, one)
	}
	return nil
}

// newest is the last version, unless one before it is of the same kind and later.
func (v versions) newest() (best version) {
	for _, one := range v {
		if best.name == "" || kind(one.name) != kind(best.name) || slices.Compare(numbers(one.name), numbers(best.name)) > 0 {
			best = one
		}
	}
	return best
}

var (
	month  = regexp.MustCompile(`^\d{4}-\d{2}$`)
	year   = regexp.MustCompile(`^(19|20)\d{2}$`)
	number = regexp.MustCompile(`\d+`)
)

// kind tells apart what cannot be compared: months, years and numbers of versions.
func kind(name string) string {
	switch {
	case month.MatchString(name):
		return "month"
	case year.MatchString(name):
		return "year"
	default:
		return "number"
	}
}

func numbers(name string) []int {
	var out []int
	for _, digits := range number.FindAllString(name, -1) {
		n, _ := strconv.Atoi(digits) // too many digits for it are none that count
		out = append(out, n)
	}
	return out
}
