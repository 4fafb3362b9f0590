/**
 * A session with a vCenter that survives its loss, and what every caller needs: properties, tasks.
 */
@NullMarked
package org.opendvx.vsphere.session;

import org.jspecify.annotations.NullMarked;
