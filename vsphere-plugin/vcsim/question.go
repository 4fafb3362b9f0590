package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// questions are those that machines ask when they are powered on, as a host does: the task waits, and
// runtime.question shows what for.
type questions struct {
	mu      sync.Mutex
	last    int
	asking  map[types.ManagedObjectReference]string
	pending map[types.ManagedObjectReference]pendingQuestion
}

type pendingQuestion struct {
	id   string
	task *simulator.Task
}

func newQuestions() *questions {
	return &questions{
		asking:  map[types.ManagedObjectReference]string{},
		pending: map[types.ManagedObjectReference]pendingQuestion{},
	}
}

// ask has the VM ask at its next power on: "uuid" whether it was moved or copied, "lock" something else.
func (q *questions) ask(vmName, kind string) error {
	vm, err := vmNamed(vmName)
	if err != nil {
		return err
	}
	if kind != "uuid" && kind != "lock" {
		return fmt.Errorf("no such question: %q", kind)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asking[vm.Self] = kind
	return nil
}

func element(key, label string) types.BaseElementDescription {
	return &types.ElementDescription{Description: types.Description{Label: label, Summary: label}, Key: key}
}

func questionOf(kind, id string) *types.VirtualMachineQuestionInfo {
	message, text := "msg.disk.fileLocked", "The disk is locked. Go on without it?"
	choices := []types.BaseElementDescription{element("0", "button.yes"), element("1", "button.no")}
	if kind == "uuid" {
		message, text = "msg.uuid.altered", "This virtual machine might have been moved or copied."
		choices = []types.BaseElementDescription{
			element("0", "button.uuid.cancel"), element("1", "button.uuid.movedTheVM"), element("2", "button.uuid.copiedTheVM"),
		}
	}
	return &types.VirtualMachineQuestionInfo{
		Id:      id,
		Text:    message + ":" + text,
		Choice:  types.ChoiceOption{ChoiceInfo: choices},
		Message: []types.VirtualMachineMessage{{Id: message, Text: text}},
	}
}

// powerOn holds the power on of a VM that has something to ask, else it is nil.
func (q *questions) powerOn(call *types.PowerOnVM_Task) *httptest.ResponseRecorder {
	q.mu.Lock()
	defer q.mu.Unlock()
	vm, ok := simulator.Map.Get(call.This).(*simulator.VirtualMachine)
	kind := q.asking[call.This]
	if !ok || kind == "" {
		return nil
	}
	delete(q.asking, call.This)
	task := simulator.CreateTask(vm, "powerOn", nil)
	simulator.Map.Update(task, []types.PropertyChange{
		{Name: "info.startTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateRunning},
	})
	q.last++
	id := fmt.Sprintf("_vmx%d", q.last)
	q.pending[call.This] = pendingQuestion{id: id, task: task}
	show(vm, questionOf(kind, id))
	return answered(`<PowerOnVM_TaskResponse xmlns="urn:vim25"><returnval type="Task">` +
		escape(task.Self.Value) + `</returnval></PowerOnVM_TaskResponse>`)
}

func show(vm *simulator.VirtualMachine, question types.AnyType) {
	simulator.Map.WithLock(vm, func() {
		simulator.Map.Update(vm, []types.PropertyChange{{Name: "runtime.question", Val: question}})
	})
}

// answer takes a person's or a program's answer: 0 gives up, all else powers the VM on; a copy gets an id of its own.
func (q *questions) answer(call *types.AnswerVM) *httptest.ResponseRecorder {
	q.mu.Lock()
	defer q.mu.Unlock()
	vm, ok := simulator.Map.Get(call.This).(*simulator.VirtualMachine)
	waiting, known := q.pending[call.This]
	if !ok || !known || waiting.id != call.QuestionId {
		return refused("InvalidArgument", "no such question")
	}
	delete(q.pending, call.This)
	show(vm, nil)
	changes := []types.PropertyChange{{Name: "info.completeTime", Val: time.Now()}}
	if call.AnswerChoice == "0" {
		changes = append(changes,
			types.PropertyChange{Name: "info.error", Val: types.LocalizedMethodFault{
				Fault: &types.InvalidState{}, LocalizedMessage: "given up",
			}},
			types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateError})
	} else {
		if call.AnswerChoice == "2" {
			simulator.Map.WithLock(vm, func() {
				simulator.Map.Update(vm, []types.PropertyChange{{Name: "config.uuid", Val: uuid.New().String()}})
			})
		}
		setPower(vm, types.VirtualMachinePowerStatePoweredOn)
		changes = append(changes, types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateSuccess})
	}
	simulator.Map.Update(waiting.task, changes)
	return answered(`<AnswerVMResponse xmlns="urn:vim25"/>`)
}

func answered(body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer.WriteHeader(http.StatusOK)
	fmt.Fprintf(answer, envelope, body)
	return answer
}

func refused(fault, words string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(answer, envelope, `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>`+escape(words)+
		`</faultstring><detail><`+fault+`Fault xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`+
		fault+`"/></detail></soapenv:Fault>`)
	return answer
}
