package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// newControl is the control URL. Every request carries the token in X-Control-Token.
//
//	GET  /control/calls                    methods received and how often, as a JSON object
//	POST /control/calls/reset
//	POST /control/move/{vmotion|encrypted|drs|ha|haex}?vm=NAME&host=NAME[&phase={begin|end}]
//	POST /control/power/{on|off}?vm=NAME
//	POST /control/ask?vm=NAME&question={uuid|lock}
//	POST /control/faults?delay=MS&delayed=N&dropped=N&dropped-late=N&unavailable=N&methods=A,B
//	POST /control/sessions/drop
//
// "dropped" closes the connection before the method runs, "dropped-late" after it has run.
func newControl(g *gate, token string) http.Handler {
	mux := http.NewServeMux()
	handle := func(method, path string, do func(r *http.Request) (interface{}, error)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			given := []byte(r.Header.Get("X-Control-Token"))
			if subtle.ConstantTimeCompare(given, []byte(token)) != 1 {
				http.Error(w, "wrong token", http.StatusForbidden)
				return
			}
			if r.Method != method {
				http.Error(w, method+" only", http.StatusMethodNotAllowed)
				return
			}
			result, err := do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(result)
		})
	}
	handle(http.MethodGet, "/control/calls", func(*http.Request) (interface{}, error) { return g.counted(), nil })
	handle(http.MethodPost, "/control/calls/reset", func(*http.Request) (interface{}, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.calls = map[string]int64{}
		return done("reset"), nil
	})
	for _, kind := range []string{"vmotion", "encrypted", "drs", "ha", "haex"} {
		kind := kind
		handle(http.MethodPost, "/control/move/"+kind, func(r *http.Request) (interface{}, error) {
			return done(kind), move(kind, r.FormValue("vm"), r.FormValue("host"), r.FormValue("phase"))
		})
	}
	for state, on := range map[string]bool{"on": true, "off": false} {
		on := on
		handle(http.MethodPost, "/control/power/"+state, func(r *http.Request) (interface{}, error) {
			return done("power"), power(r.FormValue("vm"), on)
		})
	}
	handle(http.MethodPost, "/control/ask", func(r *http.Request) (interface{}, error) {
		return done("ask"), g.ask.ask(r.FormValue("vm"), r.FormValue("question"))
	})
	handle(http.MethodPost, "/control/faults", func(r *http.Request) (interface{}, error) { return g.inject(r) })
	handle(http.MethodPost, "/control/sessions/drop", func(*http.Request) (interface{}, error) {
		return map[string]int{"dropped": g.dropSessions()}, nil
	})
	return mux
}

func done(what string) map[string]string { return map[string]string{"done": what} }

func (g *gate) counted() map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	copied := make(map[string]int64, len(g.calls))
	for method, n := range g.calls {
		copied[method] = n
	}
	return copied
}

// inject replaces the faults that are pending.
func (g *gate) inject(r *http.Request) (interface{}, error) {
	var f faults
	for name, to := range map[string]*int{
		"delay": &f.DelayMillis, "delayed": &f.Delayed, "dropped": &f.Dropped,
		"dropped-late": &f.DroppedLate, "unavailable": &f.Unavailable,
	} {
		text := r.FormValue(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s must be a number from 0 on", name)
		}
		*to = n
	}
	if methods := r.FormValue("methods"); methods != "" {
		f.Methods = map[string]bool{}
		for _, method := range strings.Split(methods, ",") {
			f.Methods[method] = true
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = f
	return f, nil
}
