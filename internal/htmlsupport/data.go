package htmlsupport

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// caniemail is what the program in compact makes; its licence is in LICENSE.caniemail.
//
//go:embed caniemail.json
var caniemail []byte

// dataset is the data, read.
type dataset struct {
	updated  string
	clients  []*Client
	features map[string]*Feature // by slug
}

// data reads the data when it is first asked for.
var data = sync.OnceValue(func() *dataset {
	var in struct {
		Updated  string    `json:"updated"`
		Clients  []*Client `json:"clients"`
		Features []*struct {
			Feature
			Support string `json:"support"`
		} `json:"features"`
	}
	if err := json.Unmarshal(caniemail, &in); err != nil {
		panic(fmt.Errorf("caniemail.json: %w", err)) // it is built in
	}
	d := &dataset{updated: in.Updated, clients: in.Clients, features: map[string]*Feature{}}
	for _, f := range in.Features {
		for i, word := range strings.Fields(f.Support) {
			if r := readResult(word); r.Support != Unknown {
				r.Client = d.clients[i]
				r.Notes = slices.DeleteFunc(r.Notes, func(note string) bool { return f.Notes[note] == "" })
				f.results = append(f.results, r)
			}
		}
		d.features[f.Slug] = &f.Feature
	}
	return d
})

// readResult reads a word such as a1,2@2019-02: see compact.
func readResult(word string) Result {
	level, version, _ := strings.Cut(word, "@")
	r := Result{Support: Unknown, Version: version}
	switch level[0] {
	case 'y':
		r.Support = Yes
	case 'a':
		r.Support = Partial
	case 'n':
		r.Support = No
	}
	if notes := level[1:]; notes != "" && r.Support != Yes {
		r.Notes = strings.Split(notes, ",")
	}
	return r
}

// Updated is the day of the data, such as 2026-05-13.
func Updated() string { return data().updated }

// Clients are all clients that were tested.
func Clients() []*Client { return data().clients }
