/** Tests of record assembly. */
@NullMarked
package org.opendvx.core.nfs.rpc;

import org.jspecify.annotations.NullMarked;
