@NullMarked
package org.opendvx.rhv.session;

import org.jspecify.annotations.NullMarked;
