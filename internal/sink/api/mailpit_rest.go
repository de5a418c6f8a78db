package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
)

func (a *API) mailpitInfo(w http.ResponseWriter, r *http.Request) error {
	tags, err := a.store.Tags(r.Context()) // waits for what came just now, so that stats counts it
	if err != nil {
		return err
	}
	stats, err := a.store.Stats(r.Context())
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, t := range tags {
		counts[t.Name] = t.Messages
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	writeJSON(w, http.StatusOK, map[string]any{
		"Version": a.config.Version, "LatestVersion": "", "Database": "postmuster", "DatabaseSize": stats.DiskBytes,
		"Messages": stats.Messages, "Unread": stats.Unread, "Tags": counts,
		"RuntimeStats": map[string]any{
			"Memory": memory.Sys, "Uptime": int64(a.config.Now().Sub(a.started).Seconds()), "MessagesDeleted": int64(stats.Seq) - int64(stats.Messages),
			"SMTPAccepted": stats.Seq, "SMTPAcceptedSize": stats.Bytes, "SMTPIgnored": 0, "SMTPRejected": 0,
		},
	})
	return nil
}

func (a *API) mailpitWebUI(w http.ResponseWriter, _ *http.Request) error {
	server := ""
	if len(a.config.Relays) > 0 {
		server = a.config.Relays[0].Addr
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"Label": "", "ChaosEnabled": a.config.Faults != nil, "DuplicatesIgnored": false, "HideDeleteAllButton": false, "SpamAssassin": a.config.asks(spamAssassin),
		"MessageRelay": map[string]any{
			"Enabled": server != "", "SMTPServer": server, "ReturnPath": "", "AllowedRecipients": "", "BlockedRecipients": "",
			"OverrideFrom": "", "PreserveMessageIDs": true, "RecipientAllowlist": "",
		},
	})
	return nil
}

func (a *API) mailpitTags(w http.ResponseWriter, r *http.Request) error {
	tags, err := a.tagNames(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, tags)
	return nil
}

func (a *API) mailpitSetTags(w http.ResponseWriter, r *http.Request) error {
	var in struct{ IDs, Tags []string }
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	if err := a.store.SetTags(r.Context(), orEmpty(in.Tags), in.IDs...); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) mailpitRenameTag(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Name string }
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Name) == "" {
		return invalid("body.Name", "the tag has no new name")
	}
	if err := a.replaceTag(r.Context(), r.PathValue("tag"), in.Name); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) mailpitDeleteTag(w http.ResponseWriter, r *http.Request) error {
	if err := a.replaceTag(r.Context(), r.PathValue("tag"), ""); err != nil {
		return err
	}
	return ok(w)
}

// replaceTag gives another name to a tag, or takes it away if that is empty.
func (a *API) replaceTag(ctx context.Context, tag, name string) error {
	search, err := parse("tag:"+quote(tag), "path.tag")
	if err != nil {
		return err
	}
	ids, err := a.matching(ctx, search)
	if err != nil {
		return err
	}
	for _, id := range ids {
		record, err := a.store.Get(ctx, id)
		if err != nil {
			continue // deleted meanwhile
		}
		tags := slices.DeleteFunc(slices.Clone(record.Tags), func(t string) bool { return strings.EqualFold(t, tag) })
		if name != "" {
			tags = append(tags, name)
		}
		if err := a.store.SetTags(ctx, tags, id); err != nil {
			return err
		}
	}
	return nil
}

// Mailpit's chaos has a probability and a code for each of three commands.
type mailpitTrigger struct{ ErrorCode, Probability int }

type mailpitTriggers struct{ Sender, Recipient, Authentication mailpitTrigger }

// mailpitUnset is what Mailpit says of a trigger that was never set.
var mailpitUnset = mailpitTrigger{ErrorCode: 451}

// chaosMark begins a script that was made from triggers, and holds them.
const chaosMark = "# chaos: "

func (a *API) mailpitChaos(w http.ResponseWriter, _ *http.Request) error {
	if a.config.Faults == nil {
		return errNoFaults
	}
	writeJSON(w, http.StatusOK, readTriggers(a.config.Faults.Get()))
	return nil
}

func readTriggers(script string) mailpitTriggers {
	out := mailpitTriggers{mailpitUnset, mailpitUnset, mailpitUnset}
	if rest, ok := strings.CutPrefix(script, chaosMark); ok {
		line, _, _ := strings.Cut(rest, "\n")
		_ = json.Unmarshal([]byte(line), &out) // a script that a person changed has none
	}
	return out
}

func (a *API) mailpitSetChaos(w http.ResponseWriter, r *http.Request) error {
	if a.config.Faults == nil {
		return errNoFaults
	}
	var in struct{ Sender, Recipient, Authentication *mailpitTrigger }
	if err := readJSON(w, r, maxCompatBody, &in); err != nil {
		return err
	}
	triggers := mailpitTriggers{mailpitUnset, mailpitUnset, mailpitUnset}
	for _, t := range []struct{ from, to *mailpitTrigger }{
		{in.Sender, &triggers.Sender}, {in.Recipient, &triggers.Recipient}, {in.Authentication, &triggers.Authentication},
	} {
		if t.from == nil {
			continue
		}
		if t.from.ErrorCode < 400 || t.from.ErrorCode > 599 || t.from.Probability < 0 || t.from.Probability > 100 {
			return invalid("body", "an error code is 400 to 599, a probability 0 to 100")
		}
		*t.to = *t.from
	}
	if err := a.config.Faults.Set(triggers.script()); err != nil {
		return fmt.Errorf("set the faults: %w", err)
	}
	writeJSON(w, http.StatusOK, triggers)
	return nil
}
