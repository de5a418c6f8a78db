package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// maxScriptBytes of a fault script: rules, written by hand.
const maxScriptBytes = 64 << 10

func (a *API) registerFaults(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "get-faults", Method: http.MethodGet, Path: prefix + "/faults", Tags: []string{"faults"},
		Summary: "The fault script in force", Responses: answerOf("application/yaml"),
	}, a.getFaults)
	register(a, api, huma.Operation{
		OperationID: "put-faults", Method: http.MethodPut, Path: prefix + "/faults", Tags: []string{"faults"},
		Summary: "Replace the fault script; an empty one ends all faults", DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxScriptBytes,
		Middlewares: huma.Middlewares{only(api, "application/yaml", "application/x-yaml", "text/yaml", "application/json")},
	}, a.putFaults)
}

type scriptOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

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
		return nil, invalid("body", err.Error())
	}
	return nil, nil
}

var errNoFaults = refuse(http.StatusNotImplemented, "this sink makes no faults on purpose")
