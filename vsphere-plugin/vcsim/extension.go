package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// extensionManager keeps the extensions that are registered.
type extensionManager struct {
	mo.ExtensionManager
}

func (m *extensionManager) index(key string) int {
	for i := range m.ExtensionList {
		if m.ExtensionList[i].Key == key {
			return i
		}
	}
	return -1
}

func (m *extensionManager) FindExtension(c *types.FindExtension) soap.HasFault {
	res := &types.FindExtensionResponse{}
	if i := m.index(c.ExtensionKey); i >= 0 {
		res.Returnval = &m.ExtensionList[i]
	}
	return &methods.FindExtensionBody{Res: res}
}

func (m *extensionManager) RegisterExtension(c *types.RegisterExtension) soap.HasFault {
	body := &methods.RegisterExtensionBody{}
	if m.index(c.Extension.Key) >= 0 {
		body.Fault_ = simulator.Fault("the extension is registered already", &types.InvalidArgument{InvalidProperty: "extension.key"})
		return body
	}
	m.ExtensionList = append(m.ExtensionList, c.Extension)
	body.Res = &types.RegisterExtensionResponse{}
	return body
}

func (m *extensionManager) UpdateExtension(c *types.UpdateExtension) soap.HasFault {
	body := &methods.UpdateExtensionBody{}
	i := m.index(c.Extension.Key)
	if i < 0 {
		body.Fault_ = simulator.Fault("no such extension", &types.NotFound{})
		return body
	}
	m.ExtensionList[i] = c.Extension
	body.Res = &types.UpdateExtensionResponse{}
	return body
}

func (m *extensionManager) UnregisterExtension(c *types.UnregisterExtension) soap.HasFault {
	body := &methods.UnregisterExtensionBody{}
	i := m.index(c.ExtensionKey)
	if i < 0 {
		body.Fault_ = simulator.Fault("no such extension", &types.NotFound{})
		return body
	}
	m.ExtensionList = append(m.ExtensionList[:i:i], m.ExtensionList[i+1:]...)
	body.Res = &types.UnregisterExtensionResponse{}
	return body
}
