/** The demonstration's oVirt engine: a process of its own whose hosts write over NFS. */
@NullMarked
package org.opendvx.server.demo.engine;

import org.jspecify.annotations.NullMarked;
