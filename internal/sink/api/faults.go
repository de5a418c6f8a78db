package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/sink/fault"
)

func (a *API) registerFaults(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "get-faults", Method: http.MethodGet, Path: prefix + "/faults", Tags: []string{"faults"},
		Summary: "The fault script in force", Responses: answerOf("application/yaml"),
	}, a.getFaults)
	register(a, api, huma.Operation{
		OperationID: "put-faults", Method: http.MethodPut, Path: prefix + "/faults", Tags: []string{"faults"},
		Summary:       "Replace the fault script, as YAML or JSON",
		Description:   "All counts begin anew. A script with a mistake changes nothing. The language, by example:\n\n```yaml\n" + fault.Example + "```",
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: fault.MaxScriptBytes + 1,
		Middlewares: huma.Middlewares{only(api, "application/yaml", "application/x-yaml", "text/yaml", "application/json")},
	}, a.putFaults)
	register(a, api, huma.Operation{
		OperationID: "delete-faults", Method: http.MethodDelete, Path: prefix + "/faults", Tags: []string{"faults"},
		Summary: "End all faults", DefaultStatus: http.StatusNoContent,
	}, a.endFaults)
	register(a, api, huma.Operation{
		OperationID: "count-faults", Method: http.MethodGet, Path: prefix + "/faults/counts", Tags: []string{"faults"},
		Summary: "How often each rule fitted, and how often it did its worst",
	}, a.countFaults)
}

type scriptOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

var errNoFaults = refuse(http.StatusNotImplemented, "this sink makes no faults on purpose")

func (a *API) getFaults(context.Context, *struct{}) (*scriptOutput, error) {
	if a.config.Faults == nil {
		return nil, errNoFaults
	}
	return &scriptOutput{ContentType: "application/yaml", Body: []byte(a.config.Faults.Get())}, nil
}

func (a *API) putFaults(_ context.Context, in *struct {
	RawBody []byte `contentType:"application/yaml"`
}) (*struct{}, error) {
	if a.config.Faults == nil {
		return nil, errNoFaults
	}
	if err := a.config.Faults.Set(string(in.RawBody)); err != nil {
		return nil, wrongScript(err)
	}
	return nil, nil
}

// wrongScript tells of each mistake where it is.
func wrongScript(err error) error {
	mistakes := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		mistakes = several.Unwrap()
	}
	var details []error
	for _, mistake := range mistakes {
		detail := &huma.ErrorDetail{Location: "body", Message: mistake.Error()}
		if at, ok := errors.AsType[*fault.Error](mistake); ok && at.Key != "" {
			detail.Location = "body." + at.Key
		}
		details = append(details, detail)
	}
	return huma.NewError(http.StatusUnprocessableEntity, mistakes[0].Error(), details...)
}

func (a *API) endFaults(context.Context, *struct{}) (*struct{}, error) {
	if a.config.Faults == nil {
		return nil, errNoFaults
	}
	return nil, a.config.Faults.Set("")
}

// A RuleCount tells of one rule of the fault script.
type RuleCount struct {
	Rule    string `json:"rule"`
	Matched uint64 `json:"matched" doc:"Occasions that its conditions fitted"`
	Fired   uint64 `json:"fired" doc:"Those of them at which it did something"`
}

type faultCountsOutput struct {
	Body struct {
		Counts []RuleCount `json:"counts" doc:"In the order of the rules, since the script was set"`
	}
}

func (a *API) countFaults(context.Context, *struct{}) (*faultCountsOutput, error) {
	if a.config.Faults == nil {
		return nil, errNoFaults
	}
	out := &faultCountsOutput{}
	out.Body.Counts = []RuleCount{}
	for _, c := range a.config.Faults.Status().Counts {
		out.Body.Counts = append(out.Body.Counts, RuleCount(c))
	}
	return out, nil
}
