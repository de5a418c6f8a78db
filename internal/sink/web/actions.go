package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// maxForm is the size of the largest form that is read: a search and some tags.
const maxForm = 64 << 10

// done answers a form: back to where it came from, or nothing for a script.
func (p *Page) done(w http.ResponseWriter, r *http.Request, to string) error {
	if r.Header.Get(fragmentHeader) != "" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if back := r.PostForm.Get("back"); isHere(back) {
		to = back
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// isHere reports whether a path is one here: a form must not send its reader to
// another site. Browsers take \ for /, and leave out tabs and line ends.
func isHere(path string) bool {
	elsewhere := func(r rune) bool { return r == '\\' || unicode.IsControl(r) }
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsFunc(path, elsewhere)
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return &statusError{http.StatusBadRequest, "The form cannot be read."}
	}
	return nil
}

func (p *Page) markRead(read bool) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(w, r); err != nil {
			return err
		}
		id := r.PathValue("id")
		if err := p.config.Store.SetRead(r.Context(), read, id); err != nil {
			return err
		}
		return p.done(w, r, p.paths.message(id, "", ""))
	}
}

// setTags adds the tags that the form has in add, separated by commas, and takes
// away the one in remove.
func (p *Page) setTags(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id := r.PathValue("id")
	record, err := p.config.Store.Get(r.Context(), id)
	if err != nil {
		return err
	}
	remove := r.PostForm.Get("remove")
	tags := slices.DeleteFunc(slices.Clone(record.Tags), func(tag string) bool { return tag == remove })
	for tag := range strings.SplitSeq(r.PostForm.Get("add"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	if err := p.config.Store.SetTags(r.Context(), tags, id); err != nil {
		return &statusError{http.StatusBadRequest, "These tags cannot be kept: " + err.Error() + "."}
	}
	return p.done(w, r, p.paths.message(id, "", ""))
}

func (p *Page) deleteMessage(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if _, err := p.config.Store.Delete(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return p.done(w, r, p.paths.at("/"))
}

// formSearch reads the search that an action on many messages is for.
func formSearch(text string) (*store.Search, error) {
	search, err := parseSearch(text)
	var syntax *store.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &statusError{http.StatusBadRequest, "The search cannot be read: " + syntax.Message + "."}
	}
	return search, err
}

func (p *Page) markAllRead(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	text := strings.TrimSpace(r.PostForm.Get("q"))
	search, err := formSearch(text)
	if err != nil {
		return err
	}
	if err := p.config.Store.SetReadMatching(r.Context(), true, search); err != nil {
		return err
	}
	return p.done(w, r, p.paths.list(text, ""))
}

// askDelete asks before many messages are deleted.
func (p *Page) askDelete(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	search, err := formSearch(text)
	if err != nil {
		return err
	}
	page, err := p.config.Store.List(r.Context(), store.Query{Search: search, Limit: 1, CountTo: -1})
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, shell{
		Title: "Delete messages", View: "wide", Body: "delete",
		Wide: struct {
			Search, Back string
			Total        int
		}{text, p.paths.list(text, ""), page.Total},
	})
}

func (p *Page) deleteAll(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	search, err := formSearch(strings.TrimSpace(r.PostForm.Get("q")))
	if err != nil {
		return err
	}
	if _, err := p.config.Store.DeleteMatching(r.Context(), search); err != nil {
		return err
	}
	return p.done(w, r, p.paths.at("/"))
}
