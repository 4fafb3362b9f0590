package main

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

var vimTypes = types.TypeFunc()

func typeOf(name string) (reflect.Type, bool) { return vimTypes(name) }

const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`

// relocateInstead is the request that does what a MigrateVM_Task asks for.
func relocateInstead(call *types.MigrateVM_Task) []byte {
	return []byte(fmt.Sprintf(envelope, fmt.Sprintf(
		`<RelocateVM_Task xmlns="urn:vim25"><_this type="VirtualMachine">%s</_this><spec><host type="HostSystem">%s</host></spec></RelocateVM_Task>`,
		escape(call.This.Value), escape(call.Host.Value))))
}

// migration posts what vCenter says before a VM moves, and returns what it says after.
func migration(ref, target types.ManagedObjectReference) func() {
	vm, isVM := simulator.Map.Get(ref).(*simulator.VirtualMachine)
	to, isHost := simulator.Map.Get(target).(*simulator.HostSystem)
	if !isVM || !isHost || vm.Runtime.Host == nil {
		return nil
	}
	from, ok := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok || from.Self == to.Self {
		return nil
	}
	if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
		post(&types.VmBeingHotMigratedEvent{VmEvent: eventOf(vm, from), DestHost: argument(to)})
	} else {
		post(&types.VmBeingMigratedEvent{VmEvent: eventOf(vm, from), DestHost: argument(to)})
	}
	return func() {
		take(vm, from, to)
		post(&types.VmMigratedEvent{VmEvent: eventOf(vm, to), SourceHost: argument(from)})
	}
}

// move changes a VM's host as the given kind of event tells: vmotion, encrypted, drs, ha or haex.
// Phase "begin" only announces, "end" does the rest of what was announced, "" does both.
func move(kind, vmName, hostName, phase string) error {
	vm, err := vmNamed(vmName)
	if err != nil {
		return err
	}
	to, err := hostNamed(hostName)
	if err != nil {
		return err
	}
	from, ok := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok {
		return fmt.Errorf("VM %q has no host", vmName)
	}
	if from.Self == to.Self {
		return fmt.Errorf("VM %q is on %q already", vmName, hostName)
	}
	var before, after types.BaseEvent
	switch kind {
	case "vmotion":
		before = &types.VmBeingHotMigratedEvent{VmEvent: eventOf(vm, from), DestHost: argument(to)}
		after = &types.VmMigratedEvent{VmEvent: eventOf(vm, to), SourceHost: argument(from)}
	case "drs":
		before = &types.VmBeingHotMigratedEvent{VmEvent: eventOf(vm, from), DestHost: argument(to)}
		after = &types.DrsVmMigratedEvent{VmMigratedEvent: types.VmMigratedEvent{VmEvent: eventOf(vm, to), SourceHost: argument(from)}}
	case "encrypted":
		// What vCenter has announced a vMotion with by default since 6.5.
		before = &types.EventEx{
			Event:       eventOf(vm, from).Event,
			EventTypeId: "com.vmware.vc.vm.VmHotMigratingWithEncryptionEvent",
			Severity:    "info",
			Arguments:   []types.KeyAnyValue{{Key: "destHost", Value: to.Name}},
		}
		after = &types.VmMigratedEvent{VmEvent: eventOf(vm, to), SourceHost: argument(from)}
	case "haex":
		// What vCenter has told of a restart with since 5.0.
		after = &types.EventEx{
			Event:       eventOf(vm, to).Event,
			EventTypeId: "com.vmware.vc.ha.VmRestartedByHAEvent",
			Severity:    "warning",
		}
	case "ha":
		after = &types.VmRestartedOnAlternateHostEvent{
			VmPoweredOnEvent: types.VmPoweredOnEvent{VmEvent: eventOf(vm, to)},
			SourceHost:       argument(from),
		}
	default:
		return fmt.Errorf("no such move: %q", kind)
	}
	switch {
	case phase != "" && phase != "begin" && phase != "end":
		return fmt.Errorf("no such phase: %q", phase)
	case phase == "begin" && before == nil:
		return fmt.Errorf("nobody announces a move of the kind %q", kind)
	case phase != "end" && before != nil:
		post(before)
	}
	if phase == "begin" {
		return nil
	}
	place(vm, from, to)
	if kind == "ha" || kind == "haex" {
		setPower(vm, types.VirtualMachinePowerStatePoweredOn)
	}
	post(after)
	return nil
}

// place sets the VM's host and tells the property collectors.
func place(vm *simulator.VirtualMachine, from, to *simulator.HostSystem) {
	target := to.Self
	simulator.Map.WithLock(vm, func() {
		simulator.Map.Update(vm, []types.PropertyChange{
			{Name: "runtime.host", Val: &target},
			{Name: "summary.runtime.host", Val: &target},
		})
	})
	take(vm, from, to)
}

// take moves the VM from one host's list to the other's.
func take(vm *simulator.VirtualMachine, from, to *simulator.HostSystem) {
	simulator.Map.RemoveReference(from, &from.Vm, vm.Self)
	simulator.Map.AddReference(to, &to.Vm, vm.Self)
}

// power turns a VM on or off, as if a person had.
func power(vmName string, on bool) error {
	vm, err := vmNamed(vmName)
	if err != nil {
		return err
	}
	host, ok := simulator.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok {
		return fmt.Errorf("VM %q has no host", vmName)
	}
	if on {
		setPower(vm, types.VirtualMachinePowerStatePoweredOn)
		post(&types.VmPoweredOnEvent{VmEvent: eventOf(vm, host)})
	} else {
		setPower(vm, types.VirtualMachinePowerStatePoweredOff)
		post(&types.VmPoweredOffEvent{VmEvent: eventOf(vm, host)})
	}
	return nil
}

func setPower(vm *simulator.VirtualMachine, state types.VirtualMachinePowerState) {
	simulator.Map.WithLock(vm, func() {
		simulator.Map.Update(vm, []types.PropertyChange{
			{Name: "runtime.powerState", Val: state},
			{Name: "summary.runtime.powerState", Val: state},
		})
	})
}

func argument(host *simulator.HostSystem) types.HostEventArgument {
	return types.HostEventArgument{EntityEventArgument: types.EntityEventArgument{Name: host.Name}, Host: host.Self}
}

func eventOf(vm *simulator.VirtualMachine, host *simulator.HostSystem) types.VmEvent {
	where := argument(host)
	event := types.Event{
		Host: &where,
		Vm: &types.VmEventArgument{
			EntityEventArgument: types.EntityEventArgument{Name: vm.Name},
			Vm:                  vm.Self,
		},
	}
	if dc := datacenterOf(vm); dc != nil {
		event.Datacenter = &types.DatacenterEventArgument{
			EntityEventArgument: types.EntityEventArgument{Name: dc.Name},
			Datacenter:          dc.Self,
		}
	}
	if parent := parentOf(&host.HostSystem); parent != nil {
		event.ComputeResource = &types.ComputeResourceEventArgument{
			EntityEventArgument: types.EntityEventArgument{Name: parent.Name},
			ComputeResource:     parent.Self,
		}
	}
	return types.VmEvent{Event: event}
}
