/** Tests. */
@NullMarked
package org.opendvx.server.service;

import org.jspecify.annotations.NullMarked;
