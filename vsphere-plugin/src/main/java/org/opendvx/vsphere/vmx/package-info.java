/**
 * The text files that describe a machine, and how a copy of them is given an identity of its own.
 */
@NullMarked
package org.opendvx.vsphere.vmx;

import org.jspecify.annotations.NullMarked;
