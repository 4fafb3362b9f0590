package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const maxRequest = 32 << 20

// gate stands before the simulator: it counts the methods received, injects faults, and answers or rewrites
// the few methods that the library lacks.
type gate struct {
	next     http.Handler
	mu       sync.Mutex
	calls    map[string]int64
	sessions map[string]bool
	faults   faults
	fetch    *fetcher
	ask      *questions
	newest   bool
}

// faults are what the next requests suffer. Each count falls by one for every request it hits; Methods
// narrows them to those methods (empty: all but Login).
type faults struct {
	DelayMillis int             `json:"delayMillis"`
	Delayed     int             `json:"delayed"`
	Dropped     int             `json:"dropped"`
	DroppedLate int             `json:"droppedLate"`
	Unavailable int             `json:"unavailable"`
	Methods     map[string]bool `json:"methods"`
}

func newGate(next http.Handler, fetch *fetcher, newest bool) *gate {
	return &gate{
		next: next, calls: map[string]int64{}, sessions: map[string]bool{}, fetch: fetch, ask: newQuestions(), newest: newest,
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, simulator.Map.Path) {
		g.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil || len(body) > maxRequest {
		http.Error(w, "request too large or cut short", http.StatusBadRequest)
		return
	}
	method := methodOf(body)
	suffered := g.receive(method)
	if suffered.Delayed > 0 {
		time.Sleep(time.Duration(suffered.DelayMillis) * time.Millisecond)
	}
	switch {
	case suffered.Dropped > 0:
		panic(http.ErrAbortHandler)
	case suffered.Unavailable > 0:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<html><body><h1>503 Service Unavailable</h1></body></html>")
		return
	}
	answer := g.answer(r, method, body)
	if suffered.DroppedLate > 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// receive counts a method and takes its share of the faults.
func (g *gate) receive(method string) faults {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[method]++
	var hit faults
	if len(g.faults.Methods) > 0 && !g.faults.Methods[method] || len(g.faults.Methods) == 0 && method == "Login" {
		return hit
	}
	hit.DelayMillis = g.faults.DelayMillis
	take := func(from, to *int) {
		if *from > 0 {
			*from--
			*to = 1
		}
	}
	take(&g.faults.Delayed, &hit.Delayed)
	take(&g.faults.Dropped, &hit.Dropped)
	if hit.Dropped == 0 {
		take(&g.faults.Unavailable, &hit.Unavailable)
	}
	if hit.Dropped == 0 && hit.Unavailable == 0 {
		take(&g.faults.DroppedLate, &hit.DroppedLate)
	}
	return hit
}

// answer lets the simulator answer, with what has to happen before and after.
func (g *gate) answer(r *http.Request, method string, body []byte) *httptest.ResponseRecorder {
	var request *simulator.Method
	switch method {
	case "CreateCollectorForEvents":
		// The library knows an EventEx by that name only, and not by its own type.
		body = bytes.Replace(body, []byte("<eventTypeId>com."), []byte("<eventTypeId>EventEx</eventTypeId><eventTypeId>com."), 1)
	case "MigrateVM_Task", "RelocateVM_Task", "RegisterVM_Task", "Reload", "PowerOnVM_Task", "AnswerVM":
		request, _ = simulator.UnmarshalBody(typeOf, body)
	}
	var after func()
	rename := ""
	if request != nil && g.newest {
		if call, ok := request.Body.(*types.RelocateVM_Task); ok && g.known(r) {
			newestRelocation(call)
		}
	} else if request != nil {
		switch call := request.Body.(type) {
		case *types.MigrateVM_Task:
			if call.Host != nil {
				body, rename = relocateInstead(call), "RelocateVM_Task"
				after = migration(call.This, *call.Host)
			}
		case *types.RelocateVM_Task:
			if call.Spec.Host != nil {
				after = migration(call.This, *call.Spec.Host)
			}
		case *types.RegisterVM_Task:
			g.fetch.machine(call.This, call.Path)
			prepareRegistration(call)
			after = func() { applyRegistered(call) }
		case *types.PowerOnVM_Task:
			if g.known(r) {
				if held := g.ask.powerOn(call); held != nil {
					return held
				}
			}
		case *types.AnswerVM:
			if g.known(r) {
				return g.ask.answer(call)
			}
		case *types.Reload:
			if vm, ok := simulator.Map.Get(call.This).(*simulator.VirtualMachine); ok && g.known(r) {
				g.fetch.reloaded(vm)
				applyVmx(vm)
				return answered(`<ReloadResponse xmlns="urn:vim25"/>`)
			}
		}
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.ContentLength = int64(len(body))
	answer := httptest.NewRecorder()
	g.next.ServeHTTP(answer, again)
	for _, cookie := range answer.Result().Cookies() {
		if cookie.Name == soap.SessionCookieName {
			g.mu.Lock()
			g.sessions[strings.Trim(cookie.Value, `"`)] = true
			g.mu.Unlock()
		}
	}
	if rename != "" {
		text := strings.ReplaceAll(answer.Body.String(), rename+"Response", method+"Response")
		answer.Body.Reset()
		answer.Body.WriteString(text)
	}
	if after != nil && answer.Code == http.StatusOK {
		after()
	}
	return answer
}

// known says whether the request carries the cookie of a session that has not been dropped.
func (g *gate) known(r *http.Request) bool {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[strings.Trim(cookie.Value, `"`)]
}

// dropSessions ends every session, as a restart of vCenter does.
func (g *gate) dropSessions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	manager := simulator.Map.SessionManager()
	dropped := 0
	for id := range g.sessions {
		res := manager.TerminateSession(system(), &types.TerminateSession{This: manager.Self, SessionId: []string{id}})
		if res.Fault() == nil {
			dropped++
		}
		delete(g.sessions, id)
	}
	return dropped
}

// methodOf names the SOAP method of a request: the first element in the body.
func methodOf(body []byte) string {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			log.Printf("a request without a method: %v", err)
			return "unreadable"
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case inBody:
			return start.Name.Local
		case start.Name.Local == "Body":
			inBody = true
		}
	}
}
