/** Several hosts as processes around one data node. */
@NullMarked
package org.opendvx.server.hosts;

import org.jspecify.annotations.NullMarked;
