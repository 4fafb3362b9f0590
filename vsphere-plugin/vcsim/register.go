package main

import (
	"encoding/xml"
	"log"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

var (
	vmxLine = regexp.MustCompile(`(?m)^\s*([A-Za-z0-9_.:-]+)\s*=\s*"(.*)"\s*$`)
	diskKey = regexp.MustCompile(`^(scsi|sata|ide|nvme)\d+:\d+\.filename$`)
)

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// localFile is the file in the local folder that stands for a datastore path.
func localFile(folder types.ManagedObjectReference, name string) (string, bool) {
	var p object.DatastorePath
	if !p.FromString(name) {
		return "", false
	}
	entity, ok := simulator.Map.Get(folder).(mo.Entity)
	if !ok {
		return "", false
	}
	dc := datacenterOf(entity)
	if dc == nil {
		return "", false
	}
	ds, ok := simulator.Map.FindByName(p.Datastore, dc.Datastore).(*simulator.Datastore)
	if !ok {
		return "", false
	}
	root := ds.Info.GetDatastoreInfo().Url
	file := filepath.Join(root, p.Path)
	if file != root && !strings.HasPrefix(file, root+string(filepath.Separator)) {
		return "", false
	}
	return file, true
}

// prepareRegistration makes what the library asks for and a hypervisor makes itself: the .nvram under the
// VM's name, and vmware.log. It takes the VM's name from the .vmx when the call names none.
func prepareRegistration(call *types.RegisterVM_Task) {
	file, ok := localFile(call.This, call.Path)
	if !ok {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	name := call.Name
	if name == "" {
		// The library falls back to the folder's name.
		name = path.Base(path.Dir(strings.TrimSpace(call.Path[strings.Index(call.Path, "]")+1:])))
	}
	log.Printf("registering %s (%d bytes of .vmx)", call.Path, len(text))
	for _, extra := range []string{name + ".nvram", "vmware.log"} {
		f, err := os.OpenFile(filepath.Join(filepath.Dir(file), filepath.Base(extra)), os.O_CREATE|os.O_RDWR, 0600)
		if err != nil {
			log.Printf("register: %v", err)
			continue
		}
		_ = f.Close()
	}
}

// applyRegistered gives a VM that was just registered what its .vmx says.
func applyRegistered(call *types.RegisterVM_Task) {
	for _, e := range simulator.Map.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok && vm.Config != nil && vm.Config.Files.VmPathName == call.Path {
			applyVmx(vm)
		}
	}
}

// applyVmx reads the VM's .vmx again: size, ids, disks, files, extra configuration.
func applyVmx(vm *simulator.VirtualMachine) {
	if vm.Parent == nil {
		return
	}
	file, ok := localFile(*vm.Parent, vm.Config.Files.VmPathName)
	if !ok {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		log.Printf("%s: %v", vm.Name, err)
		return
	}
	settings := map[string]string{}
	var order []string
	for _, m := range vmxLine.FindAllStringSubmatch(string(text), -1) {
		key := strings.ToLower(m[1])
		if _, seen := settings[key]; !seen {
			order = append(order, key)
		}
		settings[key] = m[2]
	}
	simulator.Map.WithLock(vm, func() { configure(vm, settings, order) })
}

func configure(vm *simulator.VirtualMachine, settings map[string]string, order []string) {
	hardware := vm.Config.Hardware
	if n, err := strconv.Atoi(settings["memsize"]); err == nil {
		hardware.MemoryMB = int32(n)
	}
	if n, err := strconv.Atoi(settings["numvcpus"]); err == nil {
		hardware.NumCPU = int32(n)
	}
	hardware.Device = withDisks(vm, hardware.Device, settings, order)
	var extra []types.BaseOptionValue
	for _, key := range order {
		extra = append(extra, &types.OptionValue{Key: key, Value: settings[key]})
	}
	changes := []types.PropertyChange{
		{Name: "config.hardware", Val: hardware},
		{Name: "config.extraConfig", Val: extra},
	}
	if id := uuidOf(settings["uuid.bios"]); id != "" {
		changes = append(changes, types.PropertyChange{Name: "config.uuid", Val: id}, types.PropertyChange{Name: "summary.config.uuid", Val: id})
	}
	if id := uuidOf(settings["vc.uuid"]); id != "" {
		changes = append(changes, types.PropertyChange{Name: "config.instanceUuid", Val: id})
	}
	if guest := settings["guestos"]; guest != "" {
		changes = append(changes, types.PropertyChange{Name: "config.guestId", Val: guest})
	}
	changes = append(changes, types.PropertyChange{Name: "layoutEx", Val: layout(vm, hardware.Device)})
	simulator.Map.Update(vm, changes)
}

// withDisks replaces the VM's disks by those of its .vmx.
func withDisks(vm *simulator.VirtualMachine, devices []types.BaseVirtualDevice, settings map[string]string, order []string) []types.BaseVirtualDevice {
	var kept []types.BaseVirtualDevice
	for _, device := range devices {
		if _, disk := device.(*types.VirtualDisk); !disk {
			kept = append(kept, device)
		}
	}
	folder := path.Dir(vm.Config.Files.VmPathName)
	key := int32(2000)
	for _, name := range order {
		value := settings[name]
		if !diskKey.MatchString(name) || !strings.HasSuffix(strings.ToLower(value), ".vmdk") {
			continue
		}
		slot := strings.TrimSuffix(name, ".filename")
		if strings.EqualFold(settings[slot+".present"], "false") {
			continue
		}
		if !strings.HasPrefix(value, "[") {
			value = folder + "/" + value
		}
		unit := key - 2000
		disk := &types.VirtualDisk{}
		disk.Key, disk.UnitNumber = key, &unit
		disk.DeviceInfo = &types.Description{Label: "Hard disk " + strconv.Itoa(int(unit)+1), Summary: slot}
		disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{
			VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: value},
			DiskMode:                     "persistent",
			ThinProvisioned:              types.NewBool(true),
		}
		kept = append(kept, disk)
		key++
	}
	return kept
}

// layout lists the VM's files as vCenter does, with full datastore paths.
func layout(vm *simulator.VirtualMachine, devices []types.BaseVirtualDevice) *types.VirtualMachineFileLayoutEx {
	all := &types.VirtualMachineFileLayoutEx{Timestamp: time.Now()}
	var names []string
	add := func(name, kind string) {
		names = append(names, name)
		all.File = append(all.File, types.VirtualMachineFileLayoutExFileInfo{
			Key: int32(len(all.File)), Name: name, Type: kind, Accessible: types.NewBool(true),
		})
	}
	folder := path.Dir(vm.Config.Files.VmPathName)
	add(vm.Config.Files.VmPathName, "config")
	if vm.Parent != nil {
		if local, ok := localFile(*vm.Parent, vm.Config.Files.VmPathName); ok {
			entries, _ := os.ReadDir(filepath.Dir(local))
			sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
			for _, entry := range entries {
				// An empty file is one that prepareRegistration made: the datastore does not hold it.
				if info, err := entry.Info(); err != nil || info.Size() == 0 {
					continue
				}
				switch filepath.Ext(entry.Name()) {
				case ".nvram":
					add(folder+"/"+entry.Name(), "nvram")
				case ".vmsd":
					add(folder+"/"+entry.Name(), "snapshotList")
				case ".vmxf":
					add(folder+"/"+entry.Name(), "extendedConfig")
				case ".log":
					add(folder+"/"+entry.Name(), "log")
				}
			}
		}
	}
	for _, device := range devices {
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		name := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName
		add(name, "diskDescriptor")
		add(strings.TrimSuffix(name, ".vmdk")+"-flat.vmdk", "diskExtent")
		n := int32(len(all.File))
		all.Disk = append(all.Disk, types.VirtualMachineFileLayoutExDiskLayout{
			Key:   disk.Key,
			Chain: []types.VirtualMachineFileLayoutExDiskUnit{{FileKey: []int32{n - 2, n - 1}}},
		})
	}
	return all
}

// uuidOf turns the .vmx form "56 4d .. -.. .." into the usual one, or "" when it is none.
func uuidOf(vmx string) string {
	hex := strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(vmx))
	if len(hex) != 32 {
		return ""
	}
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}
